import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { OrdersModule, WarehouseModule } from './orders.module.js';

/** Starts both services on both frameworks for the issuer at this address, and says where they listen. */
export async function main(issuer: string): Promise<Record<string, string>> {
  const addresses: Record<string, string> = {};
  for (const [framework, makeAdapter] of [
    ['fastify', () => new FastifyAdapter()],
    ['express', () => new ExpressAdapter()],
  ] as const) {
    for (const [name, module] of [
      ['orders', OrdersModule],
      ['warehouse', WarehouseModule],
    ] as const) {
      const app = await NestFactory.create(module.of(issuer), makeAdapter(), { logger: false, abortOnError: false });
      await app.listen(0, '127.0.0.1');
      addresses[`${name} on ${framework}`] = await app.getUrl();
    }
  }
  return addresses;
}
