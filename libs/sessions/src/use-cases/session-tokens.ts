import { Injectable, Optional } from '@nestjs/common';
import { AccessTokens, InstanceSecret } from 'postern/tokens';
import type { AccessTokenClaims, IssuedAccessToken } from 'postern/tokens';
import { UserRoles } from 'postern/users';
import type { UserBase } from 'postern/users';
import { ClaimsProvider } from '../login/claims-provider.js';
import { isGenuine, writeRefreshToken } from '../refresh-token.js';
import type { RefreshTokenParts } from '../refresh-token.js';
import { SessionExpiry } from '../session-expiry.js';
import type { Session } from '../session.entity.js';

const PURPOSE = 'refresh-token';

/** The tokens that a client receives for a session. */
export interface TokenPair {
  readonly accessToken: string;
  /** Seconds. */
  readonly expiresInSeconds: number;
  readonly refreshToken: string;
  /** Seconds. */
  readonly refreshExpiresInSeconds: number;
  /** UUID; the `sid` of the access token. */
  readonly sessionId: string;
}

/** The claims of an access token about its user. */
export type UserClaims = AccessTokenClaims & { readonly roles: readonly string[] };

/** Issues the tokens of a session, and verifies its refresh tokens. */
@Injectable()
export class SessionTokens {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly claims: ClaimsProvider,
    private readonly secret: InstanceSecret,
    private readonly terms: SessionExpiry,
    @Optional() private readonly userRoles?: UserRoles,
  ) {}

  /** Issues an access token of the session. */
  async accessToken(user: UserBase, session: Session): Promise<IssuedAccessToken> {
    return this.issue(await this.claimsOf(user, session), { authenticatedAt: session.authenticatedAt });
  }

  /** The claims of an access token about the user in this session. */
  async claimsOf(user: UserBase, session: Session): Promise<UserClaims> {
    const { roles: claimed = [], scopes, ...extra } = await this.claims.claims(user, session);
    // Last, so that a token names no role that was taken long before its `iat`.
    const granted = (await this.userRoles?.rolesOf(user.id)) ?? [];
    const roles = [...new Set([...granted, ...claimed])];
    return { subject: user.id, sessionId: session.id, amr: session.amr, roles, ...(scopes && { scopes }), extra };
  }

  /** Issues an access token with these claims. */
  issue(
    claims: UserClaims,
    more: Pick<AccessTokenClaims, 'actor' | 'authenticatedAt' | 'lifetimeSeconds'>,
  ): Promise<IssuedAccessToken> {
    return this.tokens.issue({ ...claims, ...more });
  }

  /** The access token and the one current refresh token of the session. */
  pair(access: IssuedAccessToken, session: Session): TokenPair {
    return {
      accessToken: access.token,
      expiresInSeconds: access.expiresInSeconds,
      refreshToken: writeRefreshToken(this.secret.derive(PURPOSE), session),
      refreshExpiresInSeconds: this.terms.secondsLeft(session),
      sessionId: session.id,
    };
  }

  /** Whether this issuer issued the refresh token for this session. */
  isGenuine(token: RefreshTokenParts, session: Session): boolean {
    return isGenuine(this.secret.deriveAll(PURPOSE), token, session.seed);
  }
}
