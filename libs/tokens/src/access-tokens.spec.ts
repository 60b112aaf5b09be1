import type { Clock } from 'postern/auth';
import { AccessTokens } from './access-tokens.js';
import type { TokenSigner } from './token-signer.js';
import { CheckedTokensSettings } from './tokens.settings.js';
import type { TokensSettings } from './tokens.settings.js';

const clock: Clock = { now: () => 1_700_000_000_999 };

function issuing(told: Partial<TokensSettings> = {}) {
  const required = { issuer: 'https://id.example.com', audience: 'api', secret: 'unused here' };
  const settings = new CheckedTokensSettings({ ...required, ...told });
  const signed: [object, object][] = [];
  const signer = { sign: (...given: [object, object]) => (signed.push(given), Promise.resolve('token')) };
  return { tokens: new AccessTokens(signer as unknown as TokenSigner, clock, settings), signed };
}

describe('AccessTokens', () => {
  it('writes the claims of RFC 9068, and of the others only those that apply', async () => {
    const { tokens, signed } = issuing();
    const { tokenId, expiresInSeconds } = await tokens.issue({ subject: 'alice', scopes: [], roles: [], amr: [] });
    expect(expiresInSeconds).toBe(900);
    expect(signed).toEqual([
      [
        {
          iss: 'https://id.example.com',
          aud: 'api',
          sub: 'alice',
          iat: 1_700_000_000,
          exp: 1_700_000_900,
          jti: tokenId,
        },
        { typ: 'at+jwt' },
      ],
    ]);
  });

  it('writes every claim that it is given, in the words of the RFCs', async () => {
    const { tokens, signed } = issuing();
    await tokens.issue({
      subject: 'alice',
      sessionId: 's',
      clientId: 'c',
      scopes: ['a', 'b'],
      roles: ['r'],
      organization: 'o',
      acr: '1',
      amr: ['pwd'],
      authenticatedAt: new Date(1_600_000_000_500),
      extra: { cost_centre: 'CC-1' },
    });
    expect(signed[0]![0]).toMatchObject({
      sid: 's',
      client_id: 'c',
      scope: 'a b',
      roles: ['r'],
      org: 'o',
      acr: '1',
      amr: ['pwd'],
      auth_time: 1_600_000_000,
      cost_centre: 'CC-1',
    });
  });

  it.each(['sub', 'iss', 'exp', 'scope', 'roles', 'cnf', 'sid', 'constructor', '__proto__'])(
    'lets no further claim take the name %s',
    async (name) => {
      const { tokens, signed } = issuing();
      await expect(tokens.issue({ subject: 'alice', extra: { [name]: 'x' } })).rejects.toMatchObject({
        code: 'reserved-claim',
      });
      expect(signed).toEqual([]);
    },
  );

  it.each(['a b', '', 'a"b', 'a\\b', 'ü', 'a\tb', 7 as never])(
    'writes no scope %j, of which a verifier would read another',
    async (scope) => {
      const { tokens, signed } = issuing();
      await expect(tokens.issue({ subject: 'alice', scopes: ['read', scope] })).rejects.toMatchObject({
        code: 'malformed-scope',
      });
      expect(signed).toEqual([]);
    },
  );

  it('gives no token of a session a longer life than the end of the session is remembered for', async () => {
    const { tokens } = issuing({ maximumLifetimeSeconds: 86_400, sessionTokenLifetimeSeconds: 1800 });
    const lifeOf = async (sessionId?: string, lifetimeSeconds?: number) =>
      (await tokens.issue({ subject: 'alice', sessionId, lifetimeSeconds })).expiresInSeconds;
    expect(await lifeOf('s1')).toBe(900);
    expect(await lifeOf('s1', 1200)).toBe(1200);
    expect(await lifeOf('s1', 86_400)).toBe(1800);
    expect(await lifeOf(undefined, 86_400)).toBe(86_400);
  });

  it('gives no token a longer life than the keys are kept for', async () => {
    const { tokens } = issuing();
    expect((await tokens.issue({ subject: 'alice', lifetimeSeconds: 60 })).expiresInSeconds).toBe(60);
    expect((await tokens.issue({ subject: 'alice', lifetimeSeconds: 86_400 })).expiresInSeconds).toBe(900);
  });
});

describe('CheckedTokensSettings', () => {
  it.each([
    [{ issuer: 'id.example.com' }, /"issuer" must be an address/],
    [{ issuer: 'https://id.example.com/?a' }, /issuer/],
    [{ audience: '' }, /audience/],
    [{ audience: [] }, /audience/],
    [{ algorithm: 'none' as never }, /no key can be made for none/],
    [{ rotationDays: 0 }, /rotationDays must be a number/],
    [{ accessTokenLifetimeSeconds: Number.NaN }, /accessTokenLifetimeSeconds/],
    [{ rsaBits: 1024 }, /rsaBits/],
  ])('refuses %j with a sentence', (wrong, sentence) => {
    const right = { issuer: 'https://id.example.com', audience: 'api', secret: 'unused here' };
    expect(() => new CheckedTokensSettings({ ...right, ...wrong })).toThrow(sentence);
  });
});
