import { Carrier } from './carrier.js';
import { MessageRequest } from './message-request.js';
import { rpcContextWith } from './rpc-context.js';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from '../guard/guarded-request.js';

interface NatsContext {
  getSubject(): string;
  getHeaders(): { keys(): string[]; values(name: string): string[] } | undefined;
}

/** NATS. The header `authorization` of the message holds the token. The client gets the problem as the error. */
export class NatsCarrier extends Carrier {
  override accepts(host: ArgumentsHost): boolean {
    return contextOf(host) !== undefined;
  }

  override read(context: ExecutionContext): GuardedRequest {
    const headers = contextOf(context)!.getHeaders();
    // NATS compares the names of headers with case.
    const names = [...new Set(headers?.keys() ?? [])].filter((name) => name.toLowerCase() === 'authorization');
    const values = names.flatMap((name) => headers!.values(name));
    return new MessageRequest(values.length > 1 ? values : values[0]);
  }
}

function contextOf(host: ArgumentsHost): NatsContext | undefined {
  return rpcContextWith<NatsContext>(host, 'getSubject', 'getHeaders');
}
