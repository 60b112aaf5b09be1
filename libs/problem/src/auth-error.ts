/** What an error may carry besides its public sentence. */
export interface AuthErrorOptions {
  /** The private reason: it goes to the log and never to the caller. */
  cause?: unknown;
  /** Further public members of the problem document. */
  extensions?: Record<string, unknown>;
  /** Response headers that belong to the refusal, such as `Retry-After`. */
  headers?: Record<string, string>;
}

/**
 * A refusal that the caller may read: a stable code, an HTTP status and text written for the public.
 *
 * Subclasses state `code`, `status` and `title` and nothing else. Every constructor argument is optional,
 * because the OpenAPI document is made from `new ErrorClass()`.
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
  /** Stable, kebab-case; what a client may switch on. */
  abstract readonly code: string;
  /** The HTTP status. */
  abstract readonly status: number;
  /** One sentence for the public, the same at each occurrence. */
  abstract readonly title: string;
  /** What is particular to this occurrence, written for the public. */
  readonly detail?: string;
  /** Further public members, e.g. `{ errors: [{ pointer, detail }] }`. */
  extensions?: Record<string, unknown>;
  /** Response headers, e.g. `WWW-Authenticate` or `Retry-After`. */
  headers?: Record<string, string>;
  /** Whether the code that throws it has logged it already: the filter logs nothing then. */
  readonly isLogged?: boolean;

  constructor(detail?: string, options: AuthErrorOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    if (detail !== undefined) this.detail = detail;
    if (options.extensions) this.extensions = options.extensions;
    if (options.headers) this.headers = options.headers;
  }
}

// A subclass sets its title after this constructor has run, so a message that falls back to it must be read late.
Object.defineProperty(AuthError.prototype, 'message', {
  configurable: true,
  get(this: AuthError): string {
    return this.title;
  },
  set(this: AuthError, value: string) {
    Object.defineProperty(this, 'message', { value, writable: true, configurable: true });
  },
});
