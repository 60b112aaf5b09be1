import type { ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from './guarded-request.js';

/** What the guard has read, by what is there once a message: a socket is the same for many, and each may bring a token of its own. */
const read = new WeakMap<object, GuardedRequest>();

/** Remembers which request the guard has read for this message, so that its handler finds the result. */
export function rememberRequest(context: ExecutionContext, request: GuardedRequest): void {
  const message = messageOf(context);
  if (message !== undefined) read.set(message, request);
}

/** The request that the guard has read for this message; where that is not known, what may be it. */
export function requestOf(context: ExecutionContext): Partial<GuardedRequest> {
  const message = messageOf(context);
  const request = message && read.get(message);
  if (request !== undefined) return request;
  const [first, , third] = context.getArgs<[object?, unknown?, { req?: object }?]>();
  return (context.getType<string>() === 'graphql' ? third?.req : first) ?? {};
}

/** Of a socket the data, of RPC its context, of GraphQL the context of the operation. */
function messageOf(context: ExecutionContext): object | undefined {
  const message: unknown = context.getArgByIndex(context.getType<string>() === 'graphql' ? 2 : 1);
  return typeof message === 'object' && message !== null ? message : undefined;
}
