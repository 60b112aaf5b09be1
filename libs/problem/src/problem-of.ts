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

/** A problem, ready to be written to a response. */
export interface ProblemAnswer {
  status: number;
  headers: Record<string, string>;
  body: Problem;
}

/** What belongs to the occurrence and to the application, not to the error. */
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
 * Puts any thrown value into the words of the public: an `AuthError` as it is, an `HttpException` of Nest by its status, an
 * error with `isTransient: true` as a `ServiceUnavailableError`, anything else as an `InternalError`. Private text (causes, stacks, parser excerpts) is left behind.
 * @see RFC 9457 §3
 */
export function answerOf(thrown: unknown, { requestId, documentation }: ProblemContext): ProblemAnswer {
  const { status, code, title, detail, extensions, headers } = publicPartOf(thrown);
  return {
    status,
    headers: {
      ...demandedHeaders(status),
      'Cache-Control': 'no-store',
      ...writable(headers),
      'Content-Type': 'application/problem+json',
    },
    body: {
      // Extensions come first: none of them may replace a member of the document itself.
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

/** The document alone, for an example in a documentation when no request is given. */
export function problemOf(thrown: unknown, context: ProblemContext = EXAMPLE): Problem {
  return answerOf(thrown, context).body;
}

const EXAMPLE: ProblemContext = { requestId: '3f0c9a52-6d0e-4b7e-9a55-0d5d5b0f7c11' };

type PublicPart = Pick<AuthError, 'status' | 'code' | 'title' | 'detail' | 'extensions' | 'headers'>;

function publicPartOf(thrown: unknown): PublicPart {
  if (thrown instanceof AuthError) return thrown;
  if (isBrokenOff(thrown)) return new MalformedRequestError('The body broke off.');
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
 * Whether what failed, or a cause of it, says of itself by `isTransient: true` that it may succeed a moment later. So do the errors
 * of libs that reach out to something else, such as a database, and may not know this one.
 */
function isTransient(thrown: unknown): boolean {
  return causesOf(thrown).some((error) => 'isTransient' in error && error.isTransient === true);
}

/** What was thrown and what lies behind it, the outermost first, as far as these are errors; at most five. */
export function causesOf(thrown: unknown): Error[] {
  const causes: Error[] = [];
  for (let error = thrown; error instanceof Error && causes.length < 5; error = error.cause) causes.push(error);
  return causes;
}

/** Node's own error where a caller hangs up in the middle of a body: nobody reads the answer, and it is no failure of ours. */
function isBrokenOff(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message === 'aborted' && 'code' in thrown && thrown.code === 'ECONNRESET';
}

function publicDetailOf(exception: HttpException): string | undefined {
  // What an adapter translates keeps the parser's own error as its cause, and that text quotes the body.
  if (exception.getStatus() >= 500 || exception.cause !== undefined) return undefined;
  const response: unknown = exception.getResponse();
  const message: unknown =
    typeof response === 'object' && response !== null ? (response as { message?: unknown }).message : response;
  if (Array.isArray(message)) return message.map(String).join('; ');
  // The router's own 404 repeats the URL; a default message repeats the title.
  if (typeof message !== 'string' || /^Cannot [A-Z-]+ /.test(message)) return undefined;
  return message === STATUS_CODES[exception.getStatus()] ? undefined : message;
}

// A value that node refuses to write (a line break, a letter beyond Latin-1) would turn the refusal into a crash.
function writable(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace(/[^\t\u0020-\u007e\u0080-\u00ff]/g, '?')]),
  );
}

// RFC 9110 §11.6.1 demands WWW-Authenticate of every 401; a 429 or 503 without Retry-After invites a storm.
function demandedHeaders(status: number): Record<string, string> {
  if (status === 401) return { 'WWW-Authenticate': 'Bearer' };
  return status === 429 || status === 503 ? { 'Retry-After': '1' } : {};
}
