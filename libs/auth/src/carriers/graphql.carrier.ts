import { UnsupportedContextError } from '../auth.errors.js';
import { UNAUTHENTICATED_CLOSE } from '../sockets/close-codes.js';
import { Carrier } from './carrier.js';
import { handshakeOf } from './handshake.js';
import { authorizationIn, MessageRequest } from './message-request.js';
import type { ArgumentsHost, ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { GuardedRequest } from '../guard/guarded-request.js';
import type { OpenCall } from './carrier.js';
import type { HandshakeRequest } from './handshake.js';

/** The socket of a subscription: that of `ws`, or the one of TCP below it. */
interface SubscriptionSocket {
  close?(code: number, reason: string): void;
  destroy?(): void;
  once(event: 'close', listener: () => void): void;
}

/** The context of `graphql-ws`, which is the `req` of a subscription in Apollo. */
interface SubscriptionRequest {
  readonly connectionParams?: object;
  readonly extra?: { readonly request?: HandshakeRequest; readonly socket?: SubscriptionSocket };
}

/** The context of an operation in Apollo or Mercurius. */
interface OperationContext {
  readonly req?: GuardedRequest & SubscriptionRequest;
  /** Mercurius sets these for a subscription. */
  readonly _connectionInit?: object;
  readonly request?: { readonly raw?: IncomingMessage } & HandshakeRequest;
}

/**
 * Queries, mutations, and subscriptions of Apollo and Mercurius. A subscription presents the token as `authorization`
 * of its connection parameters, or in the handshake. `AuthErrorFilter` sends the rejections, as `extensions`.
 *
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export class GraphqlCarrier extends Carrier {
  override accepts(host: ArgumentsHost): boolean {
    return host.getType<string>() === 'graphql';
  }

  override read(context: ExecutionContext): GuardedRequest {
    const { req, request, _connectionInit: init } = operationOf(context);
    if (req?.extra !== undefined) return subscriptionRequest(req.connectionParams, req.extra.request);
    if (req?.headers !== undefined) return req;
    if (init !== undefined || request !== undefined) return subscriptionRequest(init, request);
    throw new UnsupportedContextError('graphql');
  }

  override openCall(context: ExecutionContext): OpenCall | undefined {
    const info = context.getArgByIndex<{ operation?: { operation?: string } } | undefined>(3);
    if (info?.operation?.operation !== 'subscription') return undefined;
    const { req, request } = operationOf(context);
    const socket: SubscriptionSocket | undefined = req?.extra?.socket ?? request?.raw?.socket;
    if (socket === undefined) return undefined;
    return {
      target: socket,
      // The token belongs to the connection, so all of its subscriptions end.
      end: ({ code }) => (socket.close ? socket.close(UNAUTHENTICATED_CLOSE, code) : socket.destroy?.()),
      onceEnded: (ended) => socket.once('close', ended),
    };
  }
}

function operationOf(context: ExecutionContext): OperationContext {
  return context.getArgByIndex<OperationContext | undefined>(2) ?? {};
}

function subscriptionRequest(parameters: object | undefined, handshake: HandshakeRequest | undefined): GuardedRequest {
  const { headers } = (parameters ?? {}) as { headers?: unknown };
  const authorization =
    authorizationIn(parameters) ?? authorizationIn(typeof headers === 'object' ? headers : undefined);
  if (authorization !== undefined) return new MessageRequest(authorization);
  return handshake === undefined ? new MessageRequest(undefined) : handshakeOf(handshake);
}
