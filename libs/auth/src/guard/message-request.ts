import type { ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from './guarded-request.js';

/**
 * The guarded requests, by an object that belongs to one message: messages of a socket share the client, not the
 * token.
 */
const requests = new WeakMap<object, GuardedRequest>();

/** Records the request that the guard has read for this message, so that its handler finds the result. */
export function rememberRequest(context: ExecutionContext, request: GuardedRequest): void {
  const message = messageOf(context);
  if (message !== undefined) requests.set(message, request);
}

/** The request that the guard has read for this message. If none is recorded, the object that may be the request. */
export function requestOf(context: ExecutionContext): Partial<GuardedRequest> {
  const message = messageOf(context);
  const request = message && requests.get(message);
  if (request !== undefined) return request;
  const [first, , third] = context.getArgs<[object?, unknown?, { req?: object }?]>();
  return (context.getType<string>() === 'graphql' ? third?.req : first) ?? {};
}

/** The data of a socket's message, the context of an RPC, or the context of a GraphQL operation. */
function messageOf(context: ExecutionContext): object | undefined {
  const message: unknown = context.getArgByIndex(context.getType<string>() === 'graphql' ? 2 : 1);
  return typeof message === 'object' && message !== null ? message : undefined;
}
