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
  | 'malformed-claim'
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

/** A claim cannot be written into a token, or every verifier would reject it: a bug in the application. */
export class MalformedClaimError extends AuthError {
  readonly code = 'malformed-claim';
  readonly status = 500;
  readonly title = 'A claim cannot be written into an access token.';

  /** @param defect a predicate that follows the name of the claim; never the value */
  constructor(claim?: string, defect?: string) {
    super(undefined, claim === undefined ? undefined : { cause: new Error(`the claim "${claim}" ${defect}`) });
  }
}

/**
 * The claims make the token longer than `maximumTokenBytes`. No client can correct that, so the status is 500: the
 * application must shorten the claims.
 */
export class AccessTokenTooLargeError extends AuthError {
  readonly code = 'access-token-too-large';
  readonly status = 500;
  readonly title = 'The access token would be too long. The operator of this server must shorten its claims.';

  /**
   * @param bytes the length of the token
   * @param maximum the allowed length
   * @param claims the claims and their bytes of JSON, the largest first; the log names them, and the client does not
   */
  constructor(bytes?: number, maximum?: number, claims: readonly (readonly [name: string, bytes: number])[] = []) {
    const largest = claims.map(([name, size]) => `"${name}" (${size} bytes)`).join(', ');
    const sentence =
      `the access token has ${bytes} bytes, and "maximumTokenBytes" is ${maximum}. Its largest claims are ${largest}. ` +
      'Shorten them, or raise the setting here, in the services, and in the proxies.';
    super(undefined, bytes === undefined ? undefined : { cause: new Error(sentence) });
    if (bytes !== undefined) this.message = sentence;
  }
}
