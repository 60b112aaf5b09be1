/** The stable code of the error of `postern/embedded-postgres`. */
export type EmbeddedPostgresErrorCode = 'embedded-postgres';

/** The embedded PostgreSQL cannot start. The message gives the reason and what to do. */
export class EmbeddedPostgresError extends Error {
  readonly code = 'embedded-postgres' satisfies EmbeddedPostgresErrorCode;

  constructor(message = 'The embedded PostgreSQL cannot start.', options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EmbeddedPostgresError';
  }
}
