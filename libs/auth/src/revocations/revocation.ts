/**
 * - `session`: the target is a `sid`
 * - `subject`, `client`: a `sub` or a `client_id`; revokes tokens issued at or before `before`, or all if it is absent
 * - `token`: a `jti`
 * - `key`: a `kid`
 * - `role`: a `sub`, a space, and the name of a role; takes the role from tokens issued at or before `before`
 * - `role-permissions`: the name of a role, which has the `permissions` from now on, and has ended without them
 */
export type RevocationKind = 'session' | 'subject' | 'client' | 'token' | 'key' | 'role' | 'role-permissions';

/** A revocation of tokens before they expire, or of rights that their roles give. */
export interface Revocation {
  readonly kind: RevocationKind;
  readonly target: string;
  /** The issuer of the tokens. Default: the application's own issuer. */
  readonly issuer?: string;
  /** Epoch seconds; only for `subject`, `client`, and `role`. */
  readonly before?: number;
  /** Only for `role-permissions`: all permissions of the role; absent if the role was deleted. `*` means all. */
  readonly permissions?: readonly string[];
  /** Only for `role-permissions`: an older version never replaces a newer one. */
  readonly version?: number;
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
