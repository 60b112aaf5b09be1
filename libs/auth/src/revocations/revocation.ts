/**
 * - `session`: the target is a `sid`
 * - `subject`, `client`: a `sub` or a `client_id`; revokes tokens issued at or before `before`, or all if it is absent
 * - `token`: a `jti`
 * - `key`: a `kid`
 */
export type RevocationKind = 'session' | 'subject' | 'client' | 'token' | 'key';

/** A revocation of tokens before they expire. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly target: string;
  /** The issuer of the tokens. Default: the application's own issuer. */
  readonly issuer?: string;
  /** Epoch seconds; only for `subject` and `client`. */
  readonly before?: number;
  /** The reason as one kebab-case word, for logs and feeds. The client never sees it. */
  readonly reason: string;
  /** Epoch seconds: when the last affected token has expired, plus the `clockToleranceSeconds` of every verifier. */
  readonly expiresAt: number;
}

const MAX_TARGET_LENGTH = 255;

/** Whether the value is a valid target of a revocation. */
export function isRevocationTarget(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TARGET_LENGTH;
}

/** Whether the value is a NumericDate (RFC 7519 §2). JSON numbers such as 1e400 are not finite. */
export function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
