import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { AuthError } from './auth-error.js';
import {
  InternalError,
  MalformedRequestError,
  NotFoundError,
  PayloadTooLargeError,
  RequestTimeoutError,
  ServiceUnavailableError,
  UnsupportedMediaTypeError,
} from './problem.errors.js';
import type { Problem } from './problem.js';

/** The status, headers and body of an error response. */
export interface ProblemAnswer {
  status: number;
  headers: Record<string, string>;
  body: Problem;
}

/** The parts of a problem document that the error does not contain. */
export interface ProblemContext {
  requestId: string;
  /** See `ProblemSettings.documentation`. */
  documentation?: string;
}

const KNOWN = new Map<number, new (detail?: string) => AuthError>(
  [
    MalformedRequestError,
    NotFoundError,
    RequestTimeoutError,
    PayloadTooLargeError,
    UnsupportedMediaTypeError,
    InternalError,
    ServiceUnavailableError,
  ].map((Known) => [new Known().status, Known] as const),
);

/**
 * Converts a thrown value into a public error response: an `AuthError` unchanged, an `HttpException` of Nest by its
 * status, an error with `isTransient: true` as a `ServiceUnavailableError`, and anything else as an `InternalError`.
 * The response contains no private text (causes, stacks, excerpts of a parser).
 * @see RFC 9457 §3
 */
export function answerOf(thrown: unknown, { requestId, documentation }: ProblemContext): ProblemAnswer {
  const { status, code, title, detail, extensions, headers } = publicPartOf(thrown);
  return {
    status,
    headers: {
      ...requiredHeaders(status),
      'Cache-Control': 'no-store',
      ...writable(headers),
      'Content-Type': 'application/problem+json',
    },
    body: {
      // Extensions come first, so that none of them can replace a standard member.
      ...extensions,
      type: documentation === undefined ? 'about:blank' : documentation + code,
      title,
      status,
      ...(detail === undefined ? {} : { detail }),
      instance: `urn:request:${requestId}`,
      code,
    },
  };
}

/** The problem document alone. Without a context it has the request id of an example. */
export function problemOf(thrown: unknown, context: ProblemContext = EXAMPLE): Problem {
  return answerOf(thrown, context).body;
}

const EXAMPLE: ProblemContext = { requestId: '3f0c9a52-6d0e-4b7e-9a55-0d5d5b0f7c11' };

type PublicPart = Pick<AuthError, 'status' | 'code' | 'title' | 'detail' | 'extensions' | 'headers'>;

function publicPartOf(thrown: unknown): PublicPart {
  if (thrown instanceof AuthError) return thrown;
  if (isAborted(thrown)) return new MalformedRequestError('The request body is incomplete.');
  if (!(thrown instanceof HttpException))
    return isTransient(thrown) ? new ServiceUnavailableError() : new InternalError();
  const status = thrown.getStatus();
  const Known = KNOWN.get(status);
  if (Known) return new Known(publicDetailOf(thrown));
  if (!(status >= 400 && status <= 599)) return new InternalError();
  const phrase = STATUS_CODES[status] ?? (status < 500 ? 'Refused' : 'Failed');
  const code = phrase.toLowerCase().replace(/[^a-z]+/g, '-');
  return { status, code, title: `${phrase}.`, detail: publicDetailOf(thrown) };
}

/**
 * Whether the error or one of its causes has `isTransient: true`, so that a retry may succeed. Libs that do not depend
 * on this one, such as `persistence`, mark their errors by it.
 */
function isTransient(thrown: unknown): boolean {
  return causesOf(thrown).some((error) => 'isTransient' in error && error.isTransient === true);
}

/** The thrown error and its causes, the outermost first; at most five. */
export function causesOf(thrown: unknown): Error[] {
  const causes: Error[] = [];
  for (let error = thrown; error instanceof Error && causes.length < 5; error = error.cause) causes.push(error);
  return causes;
}

/** Node's error for a client that disconnects in the middle of a body. It is not a failure of the server. */
function isAborted(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message === 'aborted' && 'code' in thrown && thrown.code === 'ECONNRESET';
}

function publicDetailOf(exception: HttpException): string | undefined {
  // An adapter keeps the error of the parser as the cause, and its message quotes the body.
  if (exception.getStatus() >= 500 || exception.cause !== undefined) return undefined;
  const response: unknown = exception.getResponse();
  const message: unknown =
    typeof response === 'object' && response !== null ? (response as { message?: unknown }).message : response;
  if (Array.isArray(message)) return message.map(String).join('; ');
  // The 404 of the router repeats the URL; a default message repeats the title.
  if (typeof message !== 'string' || /^Cannot [A-Z-]+ /.test(message)) return undefined;
  return message === STATUS_CODES[exception.getStatus()] ? undefined : message;
}

/** Node throws for a header value with a line break or a character beyond Latin-1. */
export function writable(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '?')]),
  );
}

// RFC 9110 §11.6.1 requires WWW-Authenticate for a 401. Without Retry-After, clients retry a 429 or 503 at once.
function requiredHeaders(status: number): Record<string, string> {
  if (status === 401) return { 'WWW-Authenticate': 'Bearer' };
  return status === 429 || status === 503 ? { 'Retry-After': '1' } : {};
}
