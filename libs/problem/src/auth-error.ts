import { HttpException } from '@nestjs/common';

/** The optional parts of an error. */
export interface AuthErrorOptions {
  /** The private reason. It is logged, and never sent to the client. */
  cause?: unknown;
  /** Additional public members of the problem document. */
  extensions?: Record<string, unknown>;
  /** Response headers of the error, such as `Retry-After`. */
  headers?: Record<string, string>;
}

/**
 * An error that the client may read: a stable code, an HTTP status, and text written for the public.
 *
 * Subclasses state `code`, `status` and `title` and nothing else. Every constructor argument is optional,
 * because the OpenAPI document is made from `new ErrorClass()`.
 *
 * At run time it is an `HttpException` of Nest. A filter of the application that knows only Nest's exceptions, such as
 * a `BaseExceptionFilter` or the filter of an error tracker, keeps its status.
 *
 * @example
 * ```ts
 * export class SeatTakenError extends AuthError {
 *   readonly code = 'seat-taken';
 *   readonly status = 409;
 *   readonly title = 'The seat is taken.';
 * }
 * throw new SeatTakenError('Seat 12 was booked a moment ago.', { cause: error });
 * ```
 * @see RFC 9457 §3
 */
export abstract class AuthError extends Error {
  /** Stable, kebab-case. Clients may rely on it. */
  abstract readonly code: string;
  /** The HTTP status. */
  abstract readonly status: number;
  /** A sentence for the public, the same at each occurrence. */
  abstract readonly title: string;
  /** The details of this occurrence, written for the public. */
  readonly detail?: string;
  /** Additional public members, e.g. `{ errors: [{ pointer, detail }] }`. */
  extensions?: Record<string, unknown>;
  /** Response headers, e.g. `WWW-Authenticate` or `Retry-After`. */
  headers?: Record<string, string>;
  /** Whether the error is already logged. The filter then does not log it again. */
  readonly isLogged?: boolean;

  constructor(detail?: string, options: AuthErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    if (detail !== undefined) this.detail = detail;
    if (options.extensions) this.extensions = options.extensions;
    if (options.headers) this.headers = options.headers;
  }

  /** The HTTP status, under the name that Express, Fastify and many filters read. */
  get statusCode(): number {
    return this.status;
  }

  /** The HTTP status, as Nest's filters read it. */
  getStatus(): number {
    return this.status;
  }

  /**
   * The public part of the error, as Nest's filters read and send it: `statusCode` and `message`, and the members of
   * the problem document that do not depend on the request. It never contains the cause.
   */
  getResponse(): object {
    const { status, code, title, detail, extensions } = this;
    return {
      // Extensions come first, so that none of them can replace a standard member.
      ...extensions,
      statusCode: status,
      message: detail ?? title,
      code,
      title,
      status,
      ...(detail !== undefined && { detail }),
    };
  }
}

// Only by its prototype: the constructor of `HttpException` would store a status and a response, which a subclass sets
// later and the error reads lazily.
Object.setPrototypeOf(AuthError.prototype, HttpException.prototype);

// A subclass sets its title after this constructor has run, so `message` reads the title lazily.
Object.defineProperty(AuthError.prototype, 'message', {
  configurable: true,
  get(this: AuthError): string {
    return this.title;
  },
  set(this: AuthError, value: string) {
    Object.defineProperty(this, 'message', { value, writable: true, configurable: true });
  },
});
