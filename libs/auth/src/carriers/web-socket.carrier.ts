import { Carrier } from './carrier.js';
import { connectionOf } from '../sockets/socket-connection.js';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { Problem } from 'postern/problem';
import type { SocketClient } from '../sockets/socket-client.js';
import type { GuardedRequest } from '../guard/guarded-request.js';
import { sendEvent } from '../sockets/socket-client.js';

/** Gateways of socket.io and `ws`. Every message is checked with the token of the handshake, or a renewed one. */
export class WebSocketCarrier extends Carrier {
  override accepts(host: ArgumentsHost): boolean {
    return host.getType() === 'ws';
  }

  override read(context: ExecutionContext): GuardedRequest {
    return connectionOf(context.switchToWs().getClient<SocketClient>()).request;
  }

  /** Sends the event `exception`, as Nest does. */
  override reject(problem: Problem, host: ArgumentsHost): undefined {
    sendEvent(host.switchToWs().getClient<SocketClient>(), 'exception', problem);
  }
}
