import { AuthError } from './auth-error.js';
import type { AuthErrorOptions } from './auth-error.js';

/** One thing that is wrong with a request, and where. */
export interface ProblemIssue {
  /** A JSON pointer into the body, the query or the path parameters, e.g. `/address/street`. @see RFC 6901 */
  pointer: string;
  /** What is wrong there, written for the public. */
  detail: string;
}

/** Some field of the request is missing, unknown or not as its schema says; `errors` names each of them. */
export class ValidationFailedError extends AuthError {
  readonly code = 'validation-failed';
  readonly status = 400;
  readonly title = 'The request is not valid.';

  /** Makes the error from the issues found. */
  static of(errors: readonly ProblemIssue[]): ValidationFailedError {
    return new ValidationFailedError(undefined, { extensions: { errors } });
  }
}

/** The request cannot be read at all: broken JSON, broken UTF-8, a broken URL. */
export class MalformedRequestError extends AuthError {
  readonly code = 'malformed-request';
  readonly status = 400;
  readonly title = 'The request cannot be read.';
}

/** There is nothing at this address, or nothing that the caller may see. */
export class NotFoundError extends AuthError {
  readonly code = 'not-found';
  readonly status = 404;
  readonly title = 'There is nothing here.';
}

/** The request did not arrive in time. */
export class RequestTimeoutError extends AuthError {
  readonly code = 'request-timeout';
  readonly status = 408;
  readonly title = 'The request took too long to arrive.';
}

/** The body is larger than the server reads. */
export class PayloadTooLargeError extends AuthError {
  readonly code = 'payload-too-large';
  readonly status = 413;
  readonly title = 'The body is too large.';
}

/** The body is in a format that this address does not read. */
export class UnsupportedMediaTypeError extends AuthError {
  readonly code = 'unsupported-media-type';
  readonly status = 415;
  readonly title = 'The body must be JSON (application/json, UTF-8).';
}

/** Something went wrong on this side; the log knows it under the request id. */
export class InternalError extends AuthError {
  readonly code = 'internal-error';
  readonly status = 500;
  readonly title = 'Something went wrong on our side.';
}

/** The server cannot serve this now, and says when to come again (`Retry-After`, seconds). */
export class ServiceUnavailableError extends AuthError {
  readonly code = 'service-unavailable';
  readonly status = 503;
  readonly title = 'The service is not available at the moment.';

  constructor(detail?: string, options: AuthErrorOptions = {}) {
    super(detail, { ...options, headers: { 'Retry-After': '1', ...options.headers } });
  }
}

/** The codes of this lib's errors. */
export type ProblemErrorCode =
  | ValidationFailedError['code']
  | MalformedRequestError['code']
  | NotFoundError['code']
  | RequestTimeoutError['code']
  | PayloadTooLargeError['code']
  | UnsupportedMediaTypeError['code']
  | InternalError['code']
  | ServiceUnavailableError['code'];
