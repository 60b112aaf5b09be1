import { Injectable } from '@nestjs/common';
import { PeriodicCleanup } from 'postern/persistence';
import { IssuedLifetimes } from './issued-lifetimes.js';
import { RevocationTable } from './revocation-table.js';

/** Records token lifetimes, and deletes each revocation that cannot concern a valid token. */
@Injectable()
export class RevocationCleanup extends PeriodicCleanup {
  constructor(
    private readonly table: RevocationTable,
    private readonly lifetimes: IssuedLifetimes,
  ) {
    super();
  }

  override async onApplicationBootstrap(): Promise<void> {
    await this.lifetimes.record();
    await super.onApplicationBootstrap();
  }

  async sweep(): Promise<number> {
    await this.lifetimes.deleteExpired();
    return this.inBatches((limit) => this.table.forgetExpired(limit));
  }

  protected override async turn(): Promise<void> {
    await this.lifetimes
      .record()
      .catch((error: unknown) => this.logger.warn(`Recording of token lifetimes failed, will retry: ${String(error)}`));
    await super.turn();
  }
}
