import { connectionRequestOf } from '../sockets/socket-connection.js';
import type { ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from './guarded-request.js';

/** The request that a guard has read for a message, and the guard. */
interface ReadRequest {
  readonly request: GuardedRequest;
  readonly guard: object;
}

/**
 * The guarded requests, by an object that belongs to one message: messages of a socket share the client, not the
 * token.
 */
const requests = new WeakMap<object, ReadRequest>();

/**
 * Returns the request of this message for this guard. Several handlers of one event share the request, so the
 * result of one does not vanish when another one starts.
 */
export function requestFor(context: ExecutionContext, guard: object, read: () => GuardedRequest): GuardedRequest {
  const message = messageOf(context);
  if (message === undefined) return noteOfClient(context.getArgByIndex(0), read());
  const existing = requests.get(message);
  if (existing?.guard === guard) return existing.request;
  const request = read();
  requests.set(message, { request, guard });
  return request;
}

/** The requests of clients whose messages are not objects. */
const requestsOfClients = new WeakMap<object, GuardedRequest>();

/** Only the client itself and its connection last as long as the client does. */
function noteOfClient(client: object, request: GuardedRequest): GuardedRequest {
  if (request === client || request === connectionRequestOf(client)) requestsOfClients.set(client, request);
  return request;
}

const guarded = new WeakSet<ExecutionContext>();

/** Records that the guard has decided about this message. Nest passes one context to all guards of a message. */
export function noteGuarded(context: ExecutionContext): void {
  guarded.add(context);
}

/** Whether the guard has decided about this message. */
export function wasGuarded(context: ExecutionContext): boolean {
  return guarded.has(context);
}

/** The request that the guard has read for this message. If none is recorded, the object that may be the request. */
export function requestOf(context: ExecutionContext): Partial<GuardedRequest> {
  const message = messageOf(context);
  const existing = message && requests.get(message);
  if (existing !== undefined) return existing.request;
  const [first, , third] = context.getArgs<[object?, unknown?, { req?: object }?]>();
  if (context.getType<string>() === 'graphql') return third?.req ?? {};
  return (first && requestsOfClients.get(first)) ?? first ?? {};
}

/** The data of a socket's message, the context of an RPC or its call, or the context of a GraphQL operation. */
function messageOf(context: ExecutionContext): object | undefined {
  const type = context.getType<string>();
  const message: unknown = context.getArgByIndex(type === 'graphql' ? 2 : 1);
  if (typeof message === 'object' && message !== null) return message;
  // A handler of gRPC that owns its call gets the call alone.
  const call: unknown = type === 'rpc' ? context.getArgByIndex(0) : undefined;
  return typeof call === 'object' && call !== null ? call : undefined;
}
