import { AuthError } from './auth-error.js';
import type { AuthErrorOptions } from './auth-error.js';

/** An invalid part of a request. */
export interface ProblemIssue {
  /** A JSON pointer into the body, the query or the path parameters, e.g. `/address/street`. @see RFC 6901 */
  pointer: string;
  /** The reason why the part is invalid, written for the public. */
  detail: string;
}

/** A field of the request is missing, unknown or invalid. `errors` names each of them. */
export class ValidationFailedError extends AuthError {
  readonly code = 'validation-failed';
  readonly status = 400;
  readonly title = 'The request is not valid.';

  /** Creates the error from the issues. */
  static of(errors: readonly ProblemIssue[]): ValidationFailedError {
    return new ValidationFailedError(undefined, { extensions: { errors } });
  }
}

/** The request cannot be parsed: malformed JSON, UTF-8 or URL. */
export class MalformedRequestError extends AuthError {
  readonly code = 'malformed-request';
  readonly status = 400;
  readonly title = 'The request cannot be read.';
}

/** No resource exists at this URL, or the client may not see it. */
export class NotFoundError extends AuthError {
  readonly code = 'not-found';
  readonly status = 404;
  readonly title = 'The resource was not found.';
}

/** The request did not arrive in time. */
export class RequestTimeoutError extends AuthError {
  readonly code = 'request-timeout';
  readonly status = 408;
  readonly title = 'The request took too long to arrive.';
}

/** The body exceeds the limit of the server. */
export class PayloadTooLargeError extends AuthError {
  readonly code = 'payload-too-large';
  readonly status = 413;
  readonly title = 'The body is too large.';
}

/** The route does not accept the media type of the body. */
export class UnsupportedMediaTypeError extends AuthError {
  readonly code = 'unsupported-media-type';
  readonly status = 415;
  readonly title = 'The body must be JSON (application/json, UTF-8).';
}

/** An unexpected error of the server. The log has its cause under the request id. */
export class InternalError extends AuthError {
  readonly code = 'internal-error';
  readonly status = 500;
  readonly title = 'An internal error occurred.';
}

/** The server is temporarily unavailable. `Retry-After` (seconds) says when to retry. */
export class ServiceUnavailableError extends AuthError {
  readonly code = 'service-unavailable';
  readonly status = 503;
  readonly title = 'The service is temporarily unavailable.';

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
