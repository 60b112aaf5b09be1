import { inspect } from 'node:util';
import type { Clock } from 'postern/auth';
import { AccessTokens } from './access-tokens.js';
import type { TokenSigner } from './token-signer.js';
import { CheckedTokensSettings } from './tokens.settings.js';
import type { TokensSettings } from './tokens.settings.js';

const clock: Clock = { now: () => 1_700_000_000_999 };

function setUp(overrides: Partial<TokensSettings> = {}) {
  const required = { issuer: 'https://id.example.com', audience: 'api', secret: 'unused here' };
  const settings = new CheckedTokensSettings({ ...required, ...overrides });
  const signed: [object, object][] = [];
  const signer = { sign: (...call: [object, object]) => (signed.push(call), Promise.resolve('token')) };
  return { tokens: new AccessTokens(signer as unknown as TokenSigner, clock, settings), signed };
}

describe('AccessTokens', () => {
  it('an access token has the claims of RFC 9068, and no claim without a value', async () => {
    const { tokens, signed } = setUp();
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
          client_id: 'postern',
        },
        { typ: 'at+jwt' },
      ],
    ]);
  });

  it('an access token has every given claim under its name of the RFCs', async () => {
    const { tokens, signed } = setUp();
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
    'AccessTokens rejects an additional claim with the name %s',
    async (name) => {
      const { tokens, signed } = setUp();
      await expect(tokens.issue({ subject: 'alice', extra: { [name]: 'x' } })).rejects.toMatchObject({
        code: 'reserved-claim',
      });
      expect(signed).toEqual([]);
    },
  );

  it.each(['a b', '', 'a"b', 'a\\b', 'ü', 'a\tb', 7 as never])(
    'AccessTokens rejects the malformed scope %j',
    async (scope) => {
      const { tokens, signed } = setUp();
      await expect(tokens.issue({ subject: 'alice', scopes: ['read', scope] })).rejects.toMatchObject({
        code: 'malformed-scope',
      });
      expect(signed).toEqual([]);
    },
  );

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  it.each<[string, unknown, RegExp]>([
    ['a lone surrogate', 'Ann \ud83d', /the claim "name" has a lone surrogate/],
    ['a lone surrogate in a name', [{ '\udc00': 1 }], /lone surrogate/],
    ['a lone surrogate behind a backslash', 'C:\\\ud83d', /lone surrogate/],
    ['eight levels', [[[[[[[[]]]]]]]], /nested deeper than 7 levels/],
    ['a cycle', cyclic, /cannot be written as JSON/],
    ['a BigInt', 1n, /cannot be written as JSON/],
  ])('AccessTokens rejects a claim with %s, and the cause names the claim', async (_, name, cause) => {
    const { tokens, signed } = setUp();
    const error: unknown = await tokens.issue({ subject: 'alice', extra: { name } }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'malformed-claim', status: 500 });
    expect(String((error as Error).cause)).toMatch(cause);
    expect(signed).toEqual([]);
  });

  it.each([['\ud83d\ude00'], ['\\ud83d'], [[[[[[[1]]]]]]], [{ a: { b: { c: { d: { e: { f: 1 } } } } } }], [undefined]])(
    'AccessTokens issues a token with the claim %j',
    async (name) => {
      const { tokens, signed } = setUp();
      await tokens.issue({ subject: 'alice', extra: { name } });
      expect(signed).toHaveLength(1);
    },
  );

  it('a token with a session lives for sessionTokenLifetimeSeconds at most', async () => {
    const { tokens } = setUp({ maximumLifetimeSeconds: 86_400, sessionTokenLifetimeSeconds: 1800 });
    const lifeOf = async (sessionId?: string, lifetimeSeconds?: number) =>
      (await tokens.issue({ subject: 'alice', sessionId, lifetimeSeconds })).expiresInSeconds;
    expect(await lifeOf('s1')).toBe(900);
    expect(await lifeOf('s1', 1200)).toBe(1200);
    expect(await lifeOf('s1', 86_400)).toBe(1800);
    expect(await lifeOf(undefined, 86_400)).toBe(86_400);
  });

  it('a token lives for maximumLifetimeSeconds at most', async () => {
    const { tokens } = setUp();
    expect((await tokens.issue({ subject: 'alice', lifetimeSeconds: 60 })).expiresInSeconds).toBe(60);
    expect((await tokens.issue({ subject: 'alice', lifetimeSeconds: 86_400 })).expiresInSeconds).toBe(900);
  });
});

describe('CheckedTokensSettings', () => {
  it('CheckedTokensSettings do not contain the secrets', () => {
    const settings = {
      issuer: 'https://id.example.com',
      audience: 'api',
      secret: 'hidden',
      previousSecrets: ['hidden'],
    };
    expect(inspect(new CheckedTokensSettings(settings))).not.toContain('hidden');
  });

  it.each([
    [{ issuer: 'id.example.com' }, /"issuer" must be an address/],
    [{ issuer: 'https://id.example.com/?a' }, /issuer/],
    [{ audience: '' }, /audience/],
    [{ audience: [] }, /audience/],
    [{ algorithm: 'none' as never }, /`algorithm: "none"`: write one of "ES256", /],
    [{ rotationDays: 0 }, /`rotationDays: 0`: write a number from 0.01 to 3650, or leave it out for 90/],
    [{ accessTokenLifetimeSeconds: Number.NaN }, /accessTokenLifetimeSeconds/],
    [{ rsaBits: 1024 }, /rsaBits/],
    [{ clientId: '' }, /clientId/],
    [{ clientId: 'a\nb' }, /clientId/],
    [{ maximumTokenBytes: 16_000 }, /maximumTokenBytes: \d+`: write a number from 1024 to 14000/],
  ])('CheckedTokensSettings rejects %j and says why', (wrong, sentence) => {
    const right = { issuer: 'https://id.example.com', audience: 'api', secret: 'unused here' };
    expect(() => new CheckedTokensSettings({ ...right, ...wrong })).toThrow(sentence);
  });
});
