import { importKey } from 'postern/jws';
import { checkedRules } from './access-token-rules.js';
import { StaticVerificationKeys } from '../keys/static-verification-keys.js';
import { TrustedIssuers } from './trusted-issuers.js';
import type { IssuerSettings } from '../settings/auth-settings.js';

const sound: IssuerSettings = { issuer: 'https://id.example.com', audience: 'orders' };
const secret = 'a secret of thirty-two bytes or more';

describe('the settings of AuthModule', () => {
  it('AuthModule needs only issuer and audience: the defaults are asymmetric algorithms, at+jwt, 5 seconds, and a day', () => {
    expect(checkedRules(sound)).toEqual({
      ...sound,
      audience: ['orders'],
      algorithms: ['ES256', 'ES384', 'RS256', 'RS384', 'RS512', 'PS256', 'EdDSA', 'Ed25519'],
      tokenType: 'at+jwt',
      clockToleranceSeconds: 5,
      maximumLifetimeSeconds: 86_400,
      maximumTokenBytes: 8_192,
    });
  });

  it('AuthModule defaults to the algorithms of the static keys', () => {
    expect(checkedRules({ ...sound, staticKeys: [{ secret }] }).algorithms).toEqual(['HS256']);
  });

  it.each<[string, Partial<Record<keyof IssuerSettings, unknown>>, RegExp]>([
    ['no issuer', { issuer: '' }, /"issuer" must be/],
    ['no audience', { audience: [] }, /"audience"/],
    ['an empty audience', { audience: '' }, /"audience"/],
    ['no algorithm', { algorithms: [] }, /"algorithms"/],
    ['the algorithm none', { algorithms: ['none'] }, /"algorithms"/],
    [
      'a tolerance that is not a number',
      { clockToleranceSeconds: Number.NaN },
      /`clockToleranceSeconds: .*`: write a number from 0 to 300,/,
    ],
    [
      'a tolerance of an hour',
      { clockToleranceSeconds: 3_600 },
      /`clockToleranceSeconds: .*`: write a number from 0 to 300,/,
    ],
    [
      'an infinite lifetime',
      { maximumLifetimeSeconds: Number.POSITIVE_INFINITY },
      /`maximumLifetimeSeconds: .*`: write a number from 1 to/,
    ],
  ])('AuthModule names the setting and the fix if the settings have %s', (_, change, sentence) => {
    expect(() => checkedRules({ ...sound, ...change } as IssuerSettings)).toThrow(sentence);
  });

  it('AuthModule rejects settings that name an issuer twice', () => {
    expect(() => new TrustedIssuers({ ...sound, issuers: [sound] })).toThrow(/Write each issuer once/);
  });

  it('AuthModule rejects static keys that contradict each other', () => {
    const keys = (
      ...materials: ConstructorParameters<typeof StaticVerificationKeys>[0] extends ReadonlyMap<string, infer M>
        ? [M]
        : never
    ) => new StaticVerificationKeys(new Map([['i', materials[0]]]));
    expect(() => keys([])).toThrow(/is empty/);
    expect(() => keys([{ secret }, { secret: `${secret}!`, kid: importKey({ secret }).kid }])).toThrow(/same "kid"/);
    expect(keys([{ secret }]).find('i', undefined)).toMatchObject({ alg: 'HS256' });
    expect(
      keys([
        { secret, kid: 'a' },
        { secret: `${secret}!`, kid: 'b' },
      ]).find('i', undefined),
    ).toBeUndefined();
    expect(keys([{ secret, kid: 'a' }]).find('another', 'a')).toBeUndefined();
    expect(keys([{ secret, kid: 'a' }]).isLive('i', 'b')).toBe(false);
  });
});
