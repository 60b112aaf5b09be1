import { SystemClock } from 'postern/auth';
import { CheckedTokensSettings } from 'postern/tokens';
import type { TokensSettings } from 'postern/tokens';
import type { RevocationsSettings } from './revocations.module-definition.js';
import { CheckedRevocationsSettings } from './checked-revocations-settings.js';

const issued = { issuer: 'https://id.example.test', audience: 'api', secret: 'unused in this test' };
const checked = (settings: RevocationsSettings = {}, tokens: Partial<TokensSettings> = {}) =>
  new CheckedRevocationsSettings(settings, new SystemClock(), new CheckedTokensSettings({ ...issued, ...tokens }));

describe('the settings of RevocationsModule', () => {
  it.each([
    [{ pollSeconds: 0 }, 'pollSeconds'],
    [{ longestTokenLifetimeSeconds: '900' as unknown as number }, 'longestTokenLifetimeSeconds'],
  ])(
    'RevocationsModule rejects the settings %j with a message that names the setting and its bounds',
    (settings, name) => {
      expect(() => checked(settings)).toThrow(new RegExp(`${name}.*write a number from .* or leave it out for`));
    },
  );

  it('RevocationsModule keeps a revocation for the longest lifetime of a token, by default at least a day', () => {
    expect(checked().longestLifeUnder('key')).toBe(86_400);
    expect(checked({}, { maximumLifetimeSeconds: 7 * 86_400 }).longestLifeUnder('key')).toBe(7 * 86_400);
    expect(checked({ longestTokenLifetimeSeconds: 900 }).longestLifeUnder('key')).toBe(900);
    const ofSessions = { maximumLifetimeSeconds: 86_400, sessionTokenLifetimeSeconds: 1800 };
    expect(checked({}, ofSessions).longestLifeUnder('session')).toBe(1800);
    expect(checked({}, ofSessions).longestLifeUnder('subject')).toBe(86_400);
  });

  it.each([
    [{ longestTokenLifetimeSeconds: 86_400 }, { maximumLifetimeSeconds: 86_401 }, 86_401],
    [{ longestTokenLifetimeSeconds: 10 }, {}, 900],
    [{ longestTokenLifetimeSeconds: 899 }, {}, 900],
  ])('RevocationsModule rejects the settings %j if the tokens of %j live longer', (settings, tokens, min) => {
    const [[name]] = Object.entries(settings) as [[string, number]];
    expect(() => checked(settings, tokens)).toThrow(new RegExp(`${name}.*${min}.*revoked.*raise \`${name}\``));
  });
});
