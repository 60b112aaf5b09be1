import { AuthError } from 'postern/problem';

/** Codes of the errors of this lib. */
export type TokensErrorCode =
  | 'key-not-found'
  | 'keys-managed-elsewhere'
  | 'algorithm-not-configured'
  | 'no-active-key'
  | 'signer-failed'
  | 'reserved-claim'
  | 'malformed-scope'
  | 'access-token-too-large';

/** There is no signing key of this name. */
export class KeyNotFoundError extends AuthError {
  readonly code = 'key-not-found';
  readonly status = 404;
  readonly title = 'There is no signing key with this id.';
}

/** The keys belong to a signer or to the configuration, and have to be rotated there. */
export class KeysManagedElsewhereError extends AuthError {
  readonly code = 'keys-managed-elsewhere';
  readonly status = 409;
  readonly title = 'This server does not make its own signing keys: rotate them where they are kept.';
}

/** The server keeps no key of the algorithm that was named; `errors` points at it. */
export class AlgorithmNotConfiguredError extends AuthError {
  readonly code = 'algorithm-not-configured';
  readonly status = 400;
  readonly title = 'This server keeps no signing key of this algorithm.';
  override extensions = { errors: [{ pointer: '/algorithm', detail: 'is not among the configured algorithms' }] };
}

/** No key can sign at the moment; later one may. */
export class NoActiveKeyError extends AuthError {
  readonly code = 'no-active-key';
  readonly status = 503;
  readonly title = 'No signing key is active at the moment.';
  override headers = { 'Retry-After': '5' };
}

/** The external signer did not give a usable signature. */
export class SignerFailedError extends AuthError {
  readonly code = 'signer-failed';
  readonly status = 503;
  readonly title = 'The signer did not answer as it should.';
  override headers = { 'Retry-After': '5' };
}

/** A claims provider names a claim that only the issuer may write: a mistake in the application. */
export class ReservedClaimError extends AuthError {
  readonly code = 'reserved-claim';
  readonly status = 500;
  readonly title = 'An additional claim has the name of a claim that the server writes itself.';

  constructor(claim?: string) {
    super(undefined, claim ? { cause: new Error(`the claim "${claim}" cannot be overridden`) } : undefined);
  }
}

/** A claims provider names a scope that is none (RFC 6749 §3.3), for example one with a space: a mistake in the application. */
export class MalformedScopeError extends AuthError {
  readonly code = 'malformed-scope';
  readonly status = 500;
  readonly title = 'A scope has characters that no scope may have.';
}

/** The claims are more than a verifier reads (8 KiB): a mistake in the application. */
export class AccessTokenTooLargeError extends AuthError {
  readonly code = 'access-token-too-large';
  readonly status = 500;
  readonly title = 'The access token would be larger than any verifier reads.';
}
