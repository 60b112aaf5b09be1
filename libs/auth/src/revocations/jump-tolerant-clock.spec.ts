import { Test } from '@nestjs/testing';
import { AuthModule } from '../auth.module.js';
import { Clock } from './clock.js';
import { JumpTolerantClock } from './jump-tolerant-clock.js';
import { RevocationSet } from './revocation-set.js';

const SECOND = 1000;
const HOUR = 3600 * SECOND;

class HandSetClock extends Clock {
  time = Date.UTC(2030, 0, 1);
  override now(): number {
    return this.time;
  }
}

describe('JumpTolerantClock', () => {
  let clock: HandSetClock;
  let elapsed: number;
  let doubting: JumpTolerantClock;

  beforeEach(() => {
    clock = new HandSetClock();
    elapsed = 5000;
    doubting = new JumpTolerantClock(clock, () => elapsed);
  });

  function pass(milliseconds: number): void {
    elapsed += milliseconds;
    clock.time += milliseconds;
  }

  it('tells the time of the clock that it follows', () => {
    expect(doubting.now()).toBe(clock.time);
    pass(1.5 * SECOND);
    expect(doubting.now()).toBe(clock.time);
  });

  it('follows a clock that is corrected little by little, however far', () => {
    for (let step = 0; step < 100; step += 1) {
      pass(SECOND);
      clock.time += 50 * SECOND;
      expect(doubting.now()).toBe(clock.time);
    }
  });

  it('does not believe a leap ahead that is taken back within the hour', () => {
    pass(SECOND);
    const right = doubting.now();
    clock.time += 24 * HOUR;
    for (let minute = 1; minute < 60; minute += 1) {
      pass(60 * SECOND);
      expect(doubting.now()).toBe(right + minute * 60 * SECOND);
    }
    clock.time -= 24 * HOUR;
    expect(doubting.now()).toBe(clock.time);
  });

  it('doubts the next leap for an hour of its own', () => {
    clock.time += HOUR;
    doubting.now();
    pass(0.9 * HOUR);
    clock.time -= HOUR;
    doubting.now();
    clock.time += HOUR;
    doubting.now();
    pass(0.9 * HOUR);
    expect(doubting.now()).toBe(clock.time - HOUR);
  });

  it('believes a leap that has lasted for an hour', () => {
    clock.time += 24 * HOUR;
    doubting.now();
    pass(HOUR);
    expect(doubting.now()).toBe(clock.time);
  });

  it('believes a step back at once', () => {
    pass(HOUR);
    doubting.now();
    clock.time -= 24 * HOUR;
    expect(doubting.now()).toBe(clock.time);
  });
});

describe('AuthModule, whose clock is set wrong and right again', () => {
  it('goes on refusing what was revoked before, and what was revoked meanwhile', async () => {
    const issuer = 'https://id.example.com';
    const module = await Test.createTestingModule({
      imports: [AuthModule.forRoot({ issuer, audience: 'orders', clock: HandSetClock })],
    }).compile();
    const clock = module.get<HandSetClock>(Clock);
    const set = module.get(RevocationSet);
    const expiresAt = clock.time / SECOND + 900;
    const revoke = (target: string): void => set.add({ kind: 'session', target, reason: 'logout', expiresAt });
    revoke('before');
    clock.time += 24 * HOUR;
    revoke('meanwhile');
    set.sweep(100);
    set.sweep(100);
    clock.time -= 24 * HOUR;
    const seen = ['before', 'meanwhile', 'never'].map((sessionId) =>
      set.isRevoked({
        issuer,
        sessionId,
        subject: 'u1',
        audience: ['orders'],
        tokenId: 't1',
        clientId: undefined,
        scopes: [],
        roles: [],
        amr: [],
        issuedAt: expiresAt - 900,
        expiresAt,
        keyId: 'k1',
        claims: {},
      }),
    );
    expect(seen).toEqual([true, true, false]);
    await module.close();
  });
});
