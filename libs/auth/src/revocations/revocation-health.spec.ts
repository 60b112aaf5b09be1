import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { RevocationsUnknownError } from '../auth.errors.js';
import { Clock } from './clock.js';
import { RevocationHealth } from './revocation-health.js';
import { RevocationSet } from './revocation-set.js';
import type { RevocationSettings } from '../settings/revocation-settings.js';

class StoppedClock extends Clock {
  override now(): number {
    return Date.UTC(2030, 0, 1);
  }
}

describe('RevocationHealth', () => {
  const clock = new StoppedClock();
  const issuer = 'https://id.example.test';
  const healthOf = (revocations?: RevocationSettings) =>
    new RevocationHealth({ issuer, audience: 'orders', revocations }, new RevocationSet(clock, issuer), clock);
  let elapsed: number;

  beforeEach(() => {
    Logger.overrideLogger(false);
    elapsed = 0;
    const start = Math.floor(performance.now());
    jest.spyOn(performance, 'now').mockImplementation(() => start + elapsed);
  });
  afterEach(() => jest.restoreAllMocks());

  it('RevocationHealth accepts every token if no source follows revocations', () => {
    const health = healthOf();
    expect(() => health.assertKnown()).not.toThrow();
    expect(health.report()).toMatchObject({ status: 'unfollowed', silenceSeconds: undefined });
  });

  it('RevocationHealth rejects tokens until the first contact and after the allowed silence', () => {
    const health = healthOf({ maximumSilenceSeconds: 10 });
    health.followingStarted();
    expect(() => health.assertKnown()).toThrow(RevocationsUnknownError);
    expect([health.status, health.isRefusing]).toEqual(['unknown', true]);
    expect(health.report()).toMatchObject({ lastContactAt: undefined, silenceSeconds: undefined });
    health.upToDateAt('7.abc');
    elapsed = 10_000;
    expect(() => health.assertKnown()).not.toThrow();
    expect(health.isRefusing).toBe(false);
    expect(health.report()).toMatchObject({ status: 'known', silenceSeconds: 10, cursor: '7.abc' });
    elapsed = 10_001;
    expect(() => health.assertKnown()).toThrow(RevocationsUnknownError);
    expect(health.report()).toMatchObject({ status: 'unknown', refusedWhileSilent: 2 });
    health.upToDateAt();
    expect(() => health.assertKnown()).not.toThrow();
    expect(health.report()).toMatchObject({ lastContactAt: new Date(clock.now()), cursor: '7.abc' });
  });

  it('RevocationHealth accepts tokens during a silence and reports it if the settings allow it', () => {
    const health = healthOf({ whenSilent: 'accept' });
    health.followingStarted();
    expect(() => health.assertKnown()).not.toThrow();
    expect([health.status, health.isRefusing]).toEqual(['unknown', false]);
  });

  it('RevocationHealth logs once when the first token is accepted during a silence, and when it ends', () => {
    const warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const log = jest.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    const health = healthOf({ whenSilent: 'accept' });
    health.followingStarted();
    health.upToDateAt();
    health.assertKnown();
    expect(warn).not.toHaveBeenCalled();
    elapsed += 10_001;
    health.assertKnown();
    health.assertKnown();
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/unknown for more than 10 s.*accepted.*whenSilent/)]]);
    health.upToDateAt();
    expect(log.mock.calls).toEqual([[expect.stringContaining('known again')]]);
    elapsed += 10_001;
    health.assertKnown();
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it.each<[RevocationSettings, RegExp]>([
    [{ follow: true }, /needs "token"/],
    [{ maximumSilenceSeconds: 0.5 }, /maximumSilenceSeconds/],
    [{ maximumSilenceSeconds: Number.NaN }, /maximumSilenceSeconds/],
    [{ whenSilent: 'ignore' as 'accept' }, /whenSilent/],
    [{ transport: 'websocket' as 'sse' }, /transport/],
  ])('RevocationHealth rejects the settings %j and names the setting', (settings, sentence) => {
    expect(() => healthOf(settings)).toThrow(sentence);
  });
});
