import { Carrier } from './carrier.js';
import { authorizationIn, MessageRequest } from './message-request.js';
import { rpcContextWith } from './rpc-context.js';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from '../guard/guarded-request.js';

interface MqttContext {
  getTopic(): string;
  getPacket(): { readonly properties?: { readonly userProperties?: object } };
}

/**
 * MQTT 5. The user property `authorization` holds the token. MQTT 3.1.1 has no user properties, so its messages have no
 * token. The client gets the problem as the error.
 */
export class MqttCarrier extends Carrier {
  override accepts(host: ArgumentsHost): boolean {
    return contextOf(host) !== undefined;
  }

  override read(context: ExecutionContext): GuardedRequest {
    return new MessageRequest(authorizationIn(contextOf(context)!.getPacket().properties?.userProperties));
  }
}

function contextOf(host: ArgumentsHost): MqttContext | undefined {
  return rpcContextWith<MqttContext>(host, 'getTopic', 'getPacket');
}
