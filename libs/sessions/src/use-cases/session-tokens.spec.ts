import { Clock } from 'postern/auth';
import { CheckedTokensSettings, InstanceSecret } from 'postern/tokens';
import type { AccessTokenClaims, AccessTokens } from 'postern/tokens';
import { User } from 'postern/users';
import { ClaimsProvider } from '../login/claims-provider.js';
import type { SessionClaims } from '../login/claims-provider.js';
import { readRefreshToken } from '../refresh-token.js';
import { SessionTokens } from './session-tokens.js';
import { CheckedSessionsSettings } from '../checked-sessions-settings.js';
import { SessionExpiry } from '../session-expiry.js';
import { Session } from '../session.entity.js';

class StoppedClock extends Clock {
  override now(): number {
    return Date.parse('2026-11-23T08:00:00Z');
  }
}

class FixedClaims extends ClaimsProvider {
  constructor(private readonly fixed: SessionClaims) {
    super();
  }

  override claims(): SessionClaims {
    return this.fixed;
  }
}

/** Records the claims of each issued token. */
class RecordingTokens {
  readonly issued: AccessTokenClaims[] = [];

  async issue(claims: AccessTokenClaims) {
    this.issued.push(claims);
    return { token: 'an.access.token', expiresInSeconds: 900, tokenId: 't1' };
  }
}

describe('SessionTokens', () => {
  const clock = new StoppedClock();
  const secret = 'a secret of this test alone, 0123456789';
  const user = Object.assign(new User(), { id: 'u1' });
  const session = Object.assign(new Session(), {
    id: '019abfc2-617b-7000-a1b2-c3d4e5f60718',
    generation: 3,
    seed: Buffer.alloc(32, 1),
    amr: ['pwd'],
    authenticatedAt: new Date(clock.now() - 5000),
    expiresAt: new Date(clock.now() + 60_000),
  });
  let tokens: RecordingTokens;
  beforeEach(() => (tokens = new RecordingTokens()));

  const sessionTokens = (claims: SessionClaims = {}) =>
    new SessionTokens(
      tokens as unknown as AccessTokens,
      new FixedClaims(claims),
      new InstanceSecret(secret),
      new SessionExpiry(
        new CheckedSessionsSettings({}),
        clock,
        new CheckedTokensSettings({ issuer: 'https://id.test', audience: 'api', secret }),
      ),
    );

  it('SessionTokens issues a token with the user, the session, the authentication methods and the claims of the provider', async () => {
    await sessionTokens({ roles: ['guest'], scopes: ['rooms:read'], house: 'rose' }).accessToken(user, session);
    expect(tokens.issued).toEqual([
      {
        subject: 'u1',
        sessionId: session.id,
        amr: ['pwd'],
        authenticatedAt: session.authenticatedAt,
        roles: ['guest'],
        scopes: ['rooms:read'],
        extra: { house: 'rose' },
      },
    ]);
  });

  it('SessionTokens accepts its own refresh token, and only for the same session', () => {
    const { refreshToken, refreshExpiresInSeconds } = sessionTokens().pair(
      { token: 'a', expiresInSeconds: 900, tokenId: 't1' },
      session,
    );
    expect(refreshExpiresInSeconds).toBe(60);
    const parts = readRefreshToken(refreshToken)!;
    expect(parts.generation).toBe(3);
    expect(sessionTokens().isGenuine(parts, session)).toBe(true);
    expect(sessionTokens().isGenuine(parts, Object.assign(new Session(), session, { seed: Buffer.alloc(32, 2) }))).toBe(
      false,
    );
  });
});
