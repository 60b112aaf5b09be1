import { Carrier } from './carrier.js';
import { authorizationIn, MessageRequest } from './message-request.js';
import { rpcContextWith } from './rpc-context.js';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from '../guard/guarded-request.js';

interface PacketContext {
  getMetadata(): object | undefined;
}

/**
 * TCP and Redis. The metadata of Nest's packet hold the token as `authorization`; a client sets them in
 * `setOnDispatchHook`. The client gets the problem as the error.
 */
export class PacketCarrier extends Carrier {
  override accepts(host: ArgumentsHost): boolean {
    return contextOf(host) !== undefined;
  }

  override read(context: ExecutionContext): GuardedRequest {
    const metadata: unknown = contextOf(context)!.getMetadata();
    return new MessageRequest(typeof metadata === 'object' ? authorizationIn(metadata) : undefined);
  }
}

function contextOf(host: ArgumentsHost): PacketContext | undefined {
  return rpcContextWith<PacketContext>(host, 'getMetadata');
}
