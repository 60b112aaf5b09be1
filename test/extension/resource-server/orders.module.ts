import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { OrdersController } from './orders.controller.js';
import { CatalogueController, WarehouseController } from './warehouse.controller.js';

/** A second service: it accepts the issuer's tokens, and has no database. */
@Module({ imports: [ProblemModule.forRoot({})], controllers: [OrdersController] })
export class OrdersModule {
  static of(issuer: string): DynamicModule {
    return { module: OrdersModule, imports: [AuthModule.forRoot({ issuer, audience: 'acme' })] };
  }
}

/** Another one, which guards a single controller, and answers in Nest's own form. */
@Module({ controllers: [WarehouseController, CatalogueController] })
export class WarehouseModule {
  static of(issuer: string): DynamicModule {
    return { module: WarehouseModule, imports: [AuthModule.forRoot({ issuer, audience: 'acme', global: false })] };
  }
}
