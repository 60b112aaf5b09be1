import { Carrier } from './carrier.js';
import { authorizationIn, MessageRequest } from './message-request.js';
import { rpcContextWith } from './rpc-context.js';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from '../guard/guarded-request.js';

interface RabbitmqContext {
  getMessage(): { readonly properties?: { readonly headers?: object } };
  getChannelRef(): unknown;
}

/**
 * RabbitMQ. The header `authorization` in the properties of the message holds the token. The client gets the problem as
 * the error.
 */
export class RabbitmqCarrier extends Carrier {
  override accepts(host: ArgumentsHost): boolean {
    return contextOf(host) !== undefined;
  }

  override read(context: ExecutionContext): GuardedRequest {
    return new MessageRequest(authorizationIn(contextOf(context)!.getMessage().properties?.headers));
  }
}

function contextOf(host: ArgumentsHost): RabbitmqContext | undefined {
  return rpcContextWith<RabbitmqContext>(host, 'getMessage', 'getChannelRef');
}
