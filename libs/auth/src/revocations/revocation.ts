/**
 * - `session`: the target is a `sid`
 * - `subject`, `client`: a `sub` or a `client_id`; every token issued at or before `before`, or every one where it is absent
 * - `token`: a `jti`
 * - `key`: a `kid`
 */
export type RevocationKind = 'session' | 'subject' | 'client' | 'token' | 'key';

/** Something that died before its time. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly target: string;
  /** Whose tokens it concerns; the application's own issuer where absent. */
  readonly issuer?: string;
  /** Epoch seconds; only for `subject` and `client`. */
  readonly before?: number;
  /** Why, in one kebab-case word: for logs and feeds, never for the bearer. */
  readonly reason: string;
  /** Epoch seconds: when nobody accepts the last token that it could concern, the `clockToleranceSeconds` of those who verify it included. */
  readonly expiresAt: number;
}

const MAX_TARGET_LENGTH = 255;

/** Whether something can be revoked by this name. */
export function isRevocationTarget(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TARGET_LENGTH;
}

/** RFC 7519 §2, NumericDate: JSON knows numbers that are none, such as 1e400. */
export function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
