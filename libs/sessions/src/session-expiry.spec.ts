import { Clock } from 'postern/auth';
import { CheckedTokensSettings } from 'postern/tokens';
import type { TokensSettings } from 'postern/tokens';
import { CheckedSessionsSettings } from './checked-sessions-settings.js';
import { SessionExpiry } from './session-expiry.js';
import type { SessionsSettings } from './sessions.module-definition.js';

class StoppedClock extends Clock {
  constructor(public instant: number) {
    super();
  }

  override now(): number {
    return this.instant;
  }
}

const start = Date.parse('2026-11-23T08:00:00Z');
const day = 86_400_000;

describe('SessionExpiry', () => {
  const clock = new StoppedClock(start);
  const issued = { issuer: 'https://id.example.test', audience: 'api', secret: 'unused in this test' };
  const terms = (settings: SessionsSettings = {}, tokens: Partial<TokensSettings> = {}) =>
    new SessionExpiry(
      new CheckedSessionsSettings(settings),
      clock,
      new CheckedTokensSettings({ ...issued, ...tokens }),
    );
  beforeEach(() => (clock.instant = start));

  it('a session ends 30 days after its last use and 90 days after its start', () => {
    expect(terms().expiryOf(new Date(start))).toEqual(new Date(start + 30 * day));
    clock.instant = start + 70 * day;
    expect(terms().expiryOf(new Date(start))).toEqual(new Date(start + 90 * day));
  });

  it('SessionExpiry counts the seconds that are left, and never returns a negative number', () => {
    expect(terms().secondsLeft({ expiresAt: new Date(start + 1999) })).toBe(2);
    expect(terms().secondsLeft({ expiresAt: new Date(start - 5000) })).toBe(0);
  });

  it('a session is live if it has neither ended nor expired', () => {
    const expiresAt = new Date(start + 1);
    expect(terms().isLive({ endedAt: null, expiresAt })).toBe(true);
    expect(terms().isLive({ endedAt: new Date(start), expiresAt })).toBe(false);
    expect(terms().isLive({ endedAt: null, expiresAt: new Date(start) })).toBe(false);
  });

  it('a session has a grace window of ten seconds after a rotation, and none before the first rotation', () => {
    expect(terms().isInGrace({ rotatedAt: null })).toBe(false);
    expect(terms().isInGrace({ rotatedAt: new Date(start - 10_000) })).toBe(true);
    expect(terms().isInGrace({ rotatedAt: new Date(start - 10_001) })).toBe(false);
    expect(terms({ graceSeconds: 0 }).isInGrace({ rotatedAt: new Date(start - 1) })).toBe(false);
    // The clock of the database decides, not the clock of the replica.
    expect(terms().isInGrace({ rotatedAt: new Date(start) }, new Date(start + 10_001))).toBe(false);
    expect(terms().isInGrace({ rotatedAt: new Date(start - 60_000) }, new Date(start - 60_000))).toBe(true);
  });

  it('SessionExpiry ignores a constant difference between two clocks, and counts a moved clock as passed time', () => {
    const moved = terms();
    expect(moved.movedSeconds).toBeCloseTo(0, 0);
    clock.instant = start + 11_000;
    expect(moved.movedSeconds).toBeCloseTo(11, 0);
    expect(terms().movedSeconds).toBeCloseTo(0, 0);
  });

  it('a session stays in the database as long as a verifier accepts one of its tokens, even if the clocks differ', () => {
    const kept = (900 + 300 + 60) * 1000;
    expect(terms({ retentionSeconds: 0 }).forgottenBefore(new Date(start))).toEqual(new Date(start - kept));
  });

  it.each([
    [{ graceSeconds: 61 }, 'graceSeconds'],
    [{ graceSeconds: -1 }, 'graceSeconds'],
    [{ refreshTokenLifetimeSeconds: 0 }, 'refreshTokenLifetimeSeconds'],
    [{ sessionMaximumSeconds: Number.NaN }, 'sessionMaximumSeconds'],
    [{ retentionSeconds: Number.POSITIVE_INFINITY }, 'retentionSeconds'],
  ])(
    'SessionsModule rejects the settings %j with a message that names the setting and its bounds',
    (settings, name) => {
      expect(() => terms(settings)).toThrow(new RegExp(`${name}.*write a number from .* or leave it out for`));
    },
  );
});
