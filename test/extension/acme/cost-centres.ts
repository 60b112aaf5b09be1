import { Injectable, Module } from '@nestjs/common';

const NAMES: Readonly<Record<string, string>> = { 'CC-1': 'Rockets', 'CC-2': 'Anvils' };

/** Acme's cost centres: something that the classes passed to Postern inject. */
@Injectable()
export class CostCentres {
  /** The name of the department, or `undefined` where there is no such cost centre. */
  nameOf(costCentre: string | undefined): string | undefined {
    return NAMES[costCentre ?? ''];
  }
}

/** Where the cost centres come from. */
@Module({ providers: [CostCentres], exports: [CostCentres] })
export class CostCentresModule {}
