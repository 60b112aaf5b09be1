import { SystemClock } from 'postern/auth';
import { CheckedTokensSettings } from 'postern/tokens';
import type { TokensSettings } from 'postern/tokens';
import type { RevocationsSettings } from './revocations.module-definition.js';
import { CheckedRevocationsSettings } from './checked-revocations-settings.js';

const issued = { issuer: 'https://id.example.test', audience: 'api', secret: 'not looked at here' };
const checked = (settings: RevocationsSettings = {}, tokens: Partial<TokensSettings> = {}) =>
  new CheckedRevocationsSettings(settings, new SystemClock(), new CheckedTokensSettings({ ...issued, ...tokens }));

describe('the settings of RevocationsModule', () => {
  it.each([
    [{ pollSeconds: 0 }, 'pollSeconds'],
    [{ longestTokenLifetimeSeconds: '900' as unknown as number }, 'longestTokenLifetimeSeconds'],
  ])('stop the start for %j with a sentence that says what to write', (settings, name) => {
    expect(() => checked(settings)).toThrow(new RegExp(`${name}.*write a number from .* or leave it out for`));
  });

  it('keep a revocation for the longest lifetime of a token, and for at least a day', () => {
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
  ])('stop the start for %j if %j issues tokens that live longer', (settings, tokens, min) => {
    const [[name]] = Object.entries(settings) as [[string, number]];
    expect(() => checked(settings, tokens)).toThrow(new RegExp(`${name}.*${min}.*revoked.*raise \`${name}\``));
  });
});
