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
  let tolerant: JumpTolerantClock;

  beforeEach(() => {
    clock = new HandSetClock();
    elapsed = 5000;
    tolerant = new JumpTolerantClock(clock, () => elapsed);
  });

  function pass(milliseconds: number): void {
    elapsed += milliseconds;
    clock.time += milliseconds;
  }

  it('JumpTolerantClock returns the time of the clock that it follows', () => {
    expect(tolerant.now()).toBe(clock.time);
    pass(1.5 * SECOND);
    expect(tolerant.now()).toBe(clock.time);
  });

  it('JumpTolerantClock follows a clock that is corrected in small steps, however far', () => {
    for (let step = 0; step < 100; step += 1) {
      pass(SECOND);
      clock.time += 50 * SECOND;
      expect(tolerant.now()).toBe(clock.time);
    }
  });

  it('JumpTolerantClock ignores a forward jump that is corrected within one hour', () => {
    pass(SECOND);
    const right = tolerant.now();
    clock.time += 24 * HOUR;
    for (let minute = 1; minute < 60; minute += 1) {
      pass(60 * SECOND);
      expect(tolerant.now()).toBe(right + minute * 60 * SECOND);
    }
    clock.time -= 24 * HOUR;
    expect(tolerant.now()).toBe(clock.time);
  });

  it('JumpTolerantClock ignores each forward jump for one hour', () => {
    clock.time += HOUR;
    tolerant.now();
    pass(0.9 * HOUR);
    clock.time -= HOUR;
    tolerant.now();
    clock.time += HOUR;
    tolerant.now();
    pass(0.9 * HOUR);
    expect(tolerant.now()).toBe(clock.time - HOUR);
  });

  it('JumpTolerantClock follows a jump that has lasted for one hour', () => {
    clock.time += 24 * HOUR;
    tolerant.now();
    pass(HOUR);
    expect(tolerant.now()).toBe(clock.time);
  });

  it('JumpTolerantClock follows a step back immediately', () => {
    pass(HOUR);
    tolerant.now();
    clock.time -= 24 * HOUR;
    expect(tolerant.now()).toBe(clock.time);
  });
});

describe('AuthModule with a clock that is set wrong and right again', () => {
  it('AuthModule keeps revocations from before and during a forward jump of the clock', async () => {
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
    revoke('during');
    set.sweep(100);
    set.sweep(100);
    clock.time -= 24 * HOUR;
    const seen = ['before', 'during', 'never'].map((sessionId) =>
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
