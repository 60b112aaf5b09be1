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

/** No signing key has this id. */
export class KeyNotFoundError extends AuthError {
  readonly code = 'key-not-found';
  readonly status = 404;
  readonly title = 'There is no signing key with this id.';
}

/** A signer or the configuration manages the keys; rotate them there. */
export class KeysManagedElsewhereError extends AuthError {
  readonly code = 'keys-managed-elsewhere';
  readonly status = 409;
  readonly title = 'This server does not manage its signing keys. Rotate them in the signer or in the configuration.';
}

/** The server has no key of the requested algorithm; `errors` points at the member. */
export class AlgorithmNotConfiguredError extends AuthError {
  readonly code = 'algorithm-not-configured';
  readonly status = 400;
  readonly title = 'This server has no signing key of this algorithm.';
  override extensions = { errors: [{ pointer: '/algorithm', detail: 'is not among the configured algorithms' }] };
}

/** No key can currently sign. The client may retry. */
export class NoActiveKeyError extends AuthError {
  readonly code = 'no-active-key';
  readonly status = 503;
  readonly title = 'No signing key is currently active. Try again.';
  override headers = { 'Retry-After': '5' };
}

/** The external signer failed or returned an invalid signature. */
export class SignerFailedError extends AuthError {
  readonly code = 'signer-failed';
  readonly status = 503;
  readonly title = 'The external signer failed. Try again.';
  override headers = { 'Retry-After': '5' };
}

/** A claims provider returned a claim that only the issuer may write: a bug in the application. */
export class ReservedClaimError extends AuthError {
  readonly code = 'reserved-claim';
  readonly status = 500;
  readonly title = 'An additional claim has the name of a reserved claim.';

  constructor(claim?: string) {
    super(undefined, claim ? { cause: new Error(`the claim "${claim}" cannot be overridden`) } : undefined);
  }
}

/** A claims provider returned a malformed scope (RFC 6749 §3.3), e.g. with a space: a bug in the application. */
export class MalformedScopeError extends AuthError {
  readonly code = 'malformed-scope';
  readonly status = 500;
  readonly title = 'A scope contains a character that is not allowed.';
}

/** The token exceeds 8 KiB, the limit of verifiers: a bug in the application. */
export class AccessTokenTooLargeError extends AuthError {
  readonly code = 'access-token-too-large';
  readonly status = 500;
  readonly title = 'The access token exceeds 8 KiB, the limit of verifiers.';
}
