/**
 * Who a proven access token speaks for. It is frozen: one proof serves many requests.
 *
 * @see RFC 9068 §2.2
 */
export interface Principal {
  /** `iss`: who vouches. */
  readonly issuer: string;
  /** `sub`: whom for. */
  readonly subject: string;
  /** `aud`, always as a list. */
  readonly audience: readonly string[];
  /** `jti`. */
  readonly tokenId: string;
  /** `sid`: the session that the token belongs to, where it belongs to one. */
  readonly sessionId?: string;
  /** `client_id`. */
  readonly clientId?: string;
  /** `org`. */
  readonly organization?: string;
  /** `acr`: how strongly the person was authenticated. */
  readonly acr?: string;
  /** `scope`, split at its spaces. */
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** `amr`: how the person was authenticated (RFC 8176). */
  readonly amr: readonly string[];
  /** `auth_time`. */
  readonly authenticatedAt?: Date;
  /** `iat`, in epoch seconds. */
  readonly issuedAt: number;
  /** `exp`, in epoch seconds. */
  readonly expiresAt: number;
  /** The key that proved the token. */
  readonly keyId: string;
  /** All claims as the token carries them. */
  readonly claims: Readonly<Record<string, unknown>>;
}
