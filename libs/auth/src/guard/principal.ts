/** The party that acts as the subject of a token, such as an administrator. @see RFC 8693 §4.1 */
export interface Actor {
  /** `act.sub`. */
  readonly subject: string;
  /** `act.roles`: the roles by which the actor may act as others. The token is revoked when none of them is left. */
  readonly roles?: readonly string[];
}

/**
 * The subject of a verified access token, with its claims. It is frozen, because many requests share it.
 *
 * The comments name the claims of RFC 9068. The `profile` or `claims` of an issuer may read a value from another place.
 *
 * @see RFC 9068 §2.2
 */
export interface Principal {
  /** `iss`. */
  readonly issuer: string;
  /** `sub`. */
  readonly subject: string;
  /** `aud`, always as a list. */
  readonly audience: readonly string[];
  /** `jti`. With a `profile`, a token without `jti` gets a hash of its signed text, so it can be revoked. */
  readonly tokenId: string;
  /** `sid`: the session of the token, if it has one. */
  readonly sessionId?: string;
  /** `client_id`. */
  readonly clientId?: string;
  /** `org`. */
  readonly organization?: string;
  /** `acr`: the strength of the authentication. */
  readonly acr?: string;
  /** `scope`, split at its spaces. */
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  /** `amr`: the methods of the authentication (RFC 8176). */
  readonly amr: readonly string[];
  /** `act`: the administrator who acts as the subject. Absent in the token of the subject itself. */
  readonly actor?: Actor;
  /** `auth_time`. */
  readonly authenticatedAt?: Date;
  /** `iat`, in epoch seconds. */
  readonly issuedAt: number;
  /** `exp`, in epoch seconds. */
  readonly expiresAt: number;
  /** The `kid` of the key that verified the token. */
  readonly keyId: string;
  /** All claims of the token, unchanged. */
  readonly claims: Readonly<Record<string, unknown>>;
}
