import type { ArgumentsHost } from '@nestjs/common';

/** The context of an RPC message, if it has the methods. The packages of the transports are optional. */
export function rpcContextWith<C extends object>(host: ArgumentsHost, ...methods: (keyof C & string)[]): C | undefined {
  if (host.getType() !== 'rpc') return undefined;
  const context = host.getArgByIndex<Partial<Record<string, unknown>> | undefined>(1);
  return methods.every((method) => typeof context?.[method] === 'function') ? (context as C) : undefined;
}
