import { planOf } from './rotation-plan.js';
import type { KeyChange, KeyCommand, KeyPolicy, PlannedKey } from './rotation-plan.js';

const day = 86_400;
const policy: KeyPolicy = {
  algorithms: ['ES256'],
  rotationSeconds: 90 * day,
  leadSeconds: 310,
  aftermathSeconds: 970,
  erasureSeconds: 10,
};
const at = (seconds: number) => new Date(seconds * 1000);
const key = (kid: string, activeAt: number, rest: Partial<PlannedKey> = {}): PlannedKey => ({
  kid,
  alg: 'ES256',
  announcedAt: at(activeAt - 310),
  activeAt: at(activeAt),
  retiredAt: null,
  goneAt: null,
  killedAt: null,
  isErased: false,
  ...rest,
});
/** An active key whose end is scheduled, and its standby key. */
const withStandby = (kid: string, activeAt: number, alg: PlannedKey['alg'] = 'ES256'): PlannedKey[] => {
  const end = activeAt + policy.rotationSeconds;
  return [
    key(kid, activeAt, { alg, retiredAt: at(end), goneAt: at(end + policy.aftermathSeconds) }),
    key(`${kid}+`, end, { alg, announcedAt: at(activeAt) }),
  ];
};
const plan = (keys: PlannedKey[], seconds: number, command?: KeyCommand, changed: Partial<KeyPolicy> = {}) =>
  planOf(keys, seconds * 1000, { ...policy, ...changed }, command);

function carriedOut(keys: PlannedKey[], changes: KeyChange[], seconds: number): PlannedKey[] {
  const made = changes.flatMap((change) =>
    change.act === 'make'
      ? [
          key(`made-${change.alg}-${keys.length}`, 0, {
            alg: change.alg,
            announcedAt: at(seconds),
            activeAt: change.activeAt,
          }),
        ]
      : [],
  );
  return [...keys, ...made].map((each) =>
    changes
      .filter((change) => 'kid' in change && change.kid === each.kid)
      .reduce<PlannedKey>((result, change) => {
        if (change.act === 'keep') return { ...result, retiredAt: null, goneAt: null };
        if (change.act === 'erase') return { ...result, isErased: true };
        return { ...result, ...change };
      }, each),
  );
}

/** The ring after the plan was carried out until it is empty. */
function settled(
  keys: PlannedKey[],
  seconds: number,
  command: KeyCommand,
  changed: Partial<KeyPolicy> = {},
): PlannedKey[] {
  let ring = keys;
  for (let round = 0; round < 5; round += 1) {
    const changes = plan(ring, seconds, round === 0 ? command : {}, changed);
    if (changes.length === 0) return ring;
    ring = carriedOut(ring, changes, seconds);
  }
  throw new Error('The plan does not end.');
}

describe('planOf', () => {
  it('the first key is active at once', () => {
    expect(plan([], 1000)).toEqual([{ act: 'make', alg: 'ES256', activeAt: at(1000) }]);
  });

  it('an active key always has a standby key, for which it retires when its time is over', () => {
    expect(plan([key('a', 0)], 5)).toEqual([
      { act: 'make', alg: 'ES256', activeAt: at(90 * day) },
      { act: 'retire', kid: 'a', retiredAt: at(90 * day), goneAt: at(90 * day + 970) },
    ]);
  });

  it('the next key has its whole lead time also if every replica was stopped when it was due', () => {
    expect(plan([key('a', 0)], 200 * day)[0]).toEqual({ act: 'make', alg: 'ES256', activeAt: at(200 * day + 310) });
  });

  it('a command rotates a key, and shortens the wait of an announced key to its lead time', () => {
    expect(plan([key('a', 0)], 5000, { rotate: ['ES256'] })[0]).toEqual({
      act: 'make',
      alg: 'ES256',
      activeAt: at(5310),
    });
    const next = key('b', 90_000, { announcedAt: at(4900) });
    expect(plan([key('a', 0), next], 5000, { rotate: ['ES256'] })[0]).toEqual({
      act: 'activate',
      kid: 'b',
      activeAt: at(5210),
    });
  });

  it('the announced key is active at once if the active key was killed', () => {
    const killed = key('a', 0, { killedAt: at(4999), goneAt: at(4999), isErased: true });
    // A minute in the past, for replicas with a late clock, but not before its announcement.
    expect(plan([killed, key('b', 9000, { announcedAt: at(1) })], 5000)).toEqual([
      { act: 'activate', kid: 'b', activeAt: at(4940) },
    ]);
    expect(plan([killed, key('b', 9000, { announcedAt: at(4990) })], 5000)).toEqual([
      { act: 'activate', kid: 'b', activeAt: at(4990) },
    ]);
    expect(plan([killed, key('b', 9000)], 5000)).toEqual([{ act: 'activate', kid: 'b', activeAt: at(5000) }]);
    expect(plan([killed], 5000)).toEqual([{ act: 'make', alg: 'ES256', activeAt: at(5000) }]);
  });

  it('a shorter rotation brings the standby key forward, and a longer one does not move it', () => {
    const keys = [key('a', 0, { retiredAt: at(90 * day), goneAt: at(90 * day + 970) }), key('b', 90 * day)];
    const next = { ...keys[1]!, announcedAt: at(0) };
    const change = plan([keys[0]!, next], 5000, {}, { rotationSeconds: 30 * day });
    expect(change[0]).toEqual({ act: 'activate', kid: 'b', activeAt: at(30 * day) });
    expect(plan([keys[0]!, next], 5000, {}, { rotationSeconds: 180 * day })).toEqual([]);
  });

  it('HS256, which is never published, has no standby key', () => {
    const secret = key('a', 0, { alg: 'HS256' });
    expect(plan([secret], 90 * day - 1, {}, { algorithms: ['HS256'] })).toEqual([]);
    expect(plan([secret], 90 * day, {}, { algorithms: ['HS256'] })[0]).toMatchObject({ act: 'make', alg: 'HS256' });
  });

  it('the present key stays until the schedule if the announced key was killed', () => {
    const present = key('a', 0, { retiredAt: at(9000), goneAt: at(9970) });
    const killed = key('b', 9000, { killedAt: at(5000), isErased: true });
    expect(plan([present, killed], 5000)).toEqual([
      { act: 'make', alg: 'ES256', activeAt: at(90 * day) },
      { act: 'retire', kid: 'a', retiredAt: at(90 * day), goneAt: at(90 * day + 970) },
    ]);
  });

  it('a private key is erased if its key has retired, is gone (HS256) or was killed', () => {
    const retired = key('a', 0, { retiredAt: at(5000), goneAt: at(5970) });
    expect(plan([retired, ...withStandby('b', 5000)], 5009)).toEqual([]);
    expect(plan([retired, ...withStandby('b', 5000)], 5010)).toEqual([{ act: 'erase', kid: 'a' }]);
    const secret = [
      { ...retired, alg: 'HS256' as const },
      { ...key('b', 5000), alg: 'HS256' as const },
    ];
    expect(plan(secret, 5969, {}, { algorithms: ['HS256'] })).toEqual([]);
    expect(plan(secret, 5970, {}, { algorithms: ['HS256'] })).toEqual([{ act: 'erase', kid: 'a' }]);
    const killed = key('c', 0, { killedAt: at(1) });
    expect(plan([killed, ...withStandby('b', 1)], 2)).toEqual([{ act: 'erase', kid: 'c' }]);
  });

  it('a retired key stays for the longest token lifetime of all replicas', () => {
    const retired = key('a', 0, { retiredAt: at(5000), goneAt: at(5300), isErased: true });
    const scheduled = key('a', 0, { retiredAt: at(9000), goneAt: at(9300) });
    const needed = { act: 'retire', kid: 'a', retiredAt: at(5000), goneAt: at(5970) };
    expect(plan([retired, ...withStandby('b', 5000)], 5100)).toEqual([needed]);
    expect(plan([scheduled, key('b', 9000)], 5100)).toEqual([
      { act: 'retire', kid: 'a', retiredAt: at(9000), goneAt: at(9970) },
    ]);
    // A replica with a shorter lifetime does not shorten it, and a key that is gone stays gone.
    expect(plan([retired, ...withStandby('b', 5000)], 5100, {}, { aftermathSeconds: 200 })).toEqual([]);
    expect(plan([retired, ...withStandby('b', 5000)], 5300)).toEqual([]);
    const killed = { ...retired, killedAt: at(5050) };
    expect(plan([killed, ...withStandby('b', 5000)], 5100)).toEqual([]);
  });

  it('a new algorithm has a lead time if the start retires former algorithms', () => {
    expect(plan([key('a', 0)], 5000, { retireUnlisted: true }, { algorithms: ['PS256'] })).toEqual([
      { act: 'make', alg: 'PS256', activeAt: at(5310) },
      { act: 'retire', kid: 'a', retiredAt: at(5310), goneAt: at(6280) },
    ]);
  });

  describe('with the former algorithm as an additional one', () => {
    const algorithms = ['PS256', 'ES256'] as const;
    const [kept, spare] = withStandby('a', 0) as [PlannedKey, PlannedKey];
    const next = (rest: Partial<PlannedKey> = {}) => key('b', 5310, { alg: 'PS256', ...rest });
    const made = (seconds: number, alg: 'PS256' | 'ES256' = 'PS256') => ({ act: 'make', alg, activeAt: at(seconds) });
    const activated = (seconds: number) => ({ act: 'activate', kid: 'b', activeAt: at(seconds) });
    const killed = (seconds: number, rest: Partial<PlannedKey> = {}) =>
      next({ activeAt: at(1000), killedAt: at(seconds), retiredAt: at(seconds), isErased: true, ...rest });

    it.each([{}, { retireUnlisted: true }])('the new key has its lead time and the former key stays: %j', (command) => {
      expect(plan([kept, spare], 5000, command, { algorithms })).toEqual([made(5310)]);
      for (const seconds of [5000, 5309]) {
        expect(plan([kept, spare, next()], seconds, command, { algorithms })).toEqual([]);
      }
    });

    it('neither a command nor a replica with the former settings shortens the lead time', () => {
      expect(plan([kept, spare, next()], 5100, { rotate: ['PS256'] }, { algorithms })).toEqual([]);
      expect(plan([kept, spare, next()], 5100, { retireUnlisted: true })).toEqual([]);
    });

    it('all keys are active at once at the first start, and so is the key of a new additional algorithm', () => {
      expect(plan([], 1000, {}, { algorithms })).toEqual([made(1000), made(1000, 'ES256')]);
      expect(plan([kept, spare], 5000, {}, { algorithms: ['ES256', 'PS256'] })).toEqual([made(5000)]);
      expect(plan([kept, spare], 5000, {}, { algorithms: ['PS256', 'RS256', 'ES256'] })).toEqual([
        made(5310),
        { ...made(5000), alg: 'RS256' },
      ]);
    });

    it.each<[string, PlannedKey]>([
      ['by command', killed(5000)],
      ['in the table alone', killed(4999, { retiredAt: null })],
      ['shortly before its end', killed(4999, { retiredAt: at(5200) })],
    ])('the new key does not wait after a kill of the only key: %s', (_name, dead) => {
      expect(plan([kept, spare, dead], 5000, {}, { algorithms })).toEqual([made(5000)]);
      expect(plan([kept, spare, dead, next()], 5000, {}, { algorithms })).toEqual([activated(5000)]);
    });

    it.each<[string, PlannedKey]>([
      ['has not signed yet', next({ killedAt: at(5000), retiredAt: at(5000), isErased: true })],
      ['had retired', killed(4000, { retiredAt: at(3000) })],
    ])('the new key waits after a kill of a key that %s', (_name, dead) => {
      expect(plan([kept, spare, dead], 5000, {}, { algorithms })).toEqual([made(5310)]);
    });

    it('the new key waits if another key has signed since the kill', () => {
      const since = next({ kid: 'c', activeAt: at(2000), retiredAt: at(3000), goneAt: at(3970), isErased: true });
      expect(plan([kept, spare, since, killed(2000)], 5000, {}, { algorithms })).toEqual([made(5310)]);
    });

    it('the new key stops waiting if the interim key is killed by any replica', () => {
      const dead = key('a', 0, { killedAt: at(5100), retiredAt: at(5100), isErased: true });
      expect(plan([dead, next()], 5100, {}, { algorithms })).toEqual([activated(5040), made(5100, 'ES256')]);
      const successors = withStandby('c', 5100).map((each) => ({ ...each, announcedAt: at(5100) }));
      expect(plan([dead, next(), ...successors], 5101, {}, { algorithms })).toEqual([activated(5041)]);
    });

    it('an HS256 key neither signs in the interim nor waits', () => {
      const secret = key('a', 0, { alg: 'HS256' });
      expect(plan([secret], 5000, {}, { algorithms: ['PS256', 'HS256'] })).toEqual([made(5000)]);
      expect(plan([kept, spare], 5000, {}, { algorithms: ['HS256', 'ES256'] })).toEqual([
        { ...made(5000), alg: 'HS256' },
      ]);
    });

    it.each<[string, PlannedKey[], number]>([
      ['the first start', [], 1000],
      ['the change', [kept], 5000],
      ['a kill', [kept, killed(5000)], 5000],
      ['a kill beside an announced key', [kept, killed(5000), next()], 5000],
      ['a change beside a standby key', [kept, spare], 5000],
      ['a kill of the kept key', [{ ...kept, killedAt: at(5100), isErased: true }, next()], 5100],
      ['a kill of the waiting key', [kept, next({ killedAt: at(5000), isErased: true })], 5000],
      ['a change of three', [kept, key('x', 0, { alg: 'RS256' })], 5000],
    ])('leaves nothing to do for the next replica after %s', (_name, keys, now) => {
      const after = settled(keys, now, { retireUnlisted: true }, { algorithms });
      for (const command of [{}, { retireUnlisted: true }]) {
        expect(plan(after, now, command, { algorithms })).toEqual([]);
        expect(plan(after, now + 1, command, { algorithms })).toEqual([]);
      }
    });
  });

  it.each<[string, PlannedKey[], number, KeyCommand]>([
    ['the first start', [], 1000, {}],
    ['the schedule', [key('a', 0)], 90 * day, {}],
    ['a command', [key('a', 0)], 1000, { rotate: ['ES256'] }],
    ['a command beside a standby key', withStandby('a', 0), 1000, { rotate: ['ES256'] }],
    ['a removed algorithm', [...withStandby('a', 0), ...withStandby('x', 0, 'RS256')], 1000, { retireUnlisted: true }],
    ['a kill', [key('a', 0, { killedAt: at(999) }), key('b', 9000)], 1000, {}],
    ['shorter lives', [key('a', 0, { retiredAt: at(5000), goneAt: at(5100) }), key('b', 5000)], 5050, {}],
    ['a change of algorithm', [{ ...key('a', 0), alg: 'RS256' }], 1000, { retireUnlisted: true }],
  ])('leaves nothing to do for the next replica after %s', (_name, keys, now, command) => {
    const after = settled(keys, now, command);
    expect(plan(after, now)).toEqual([]);
    expect(plan(after, now, { retireUnlisted: true })).toEqual([]);
  });
});
