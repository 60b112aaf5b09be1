import { planOf, type KeyChange, type KeyCommand, type KeyPolicy, type PlannedKey } from './key-plan.js';

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
const plan = (keys: PlannedKey[], seconds: number, command?: KeyCommand, changed: Partial<KeyPolicy> = {}) =>
  planOf(keys, seconds * 1000, { ...policy, ...changed }, command);

function carriedOut(keys: PlannedKey[], changes: KeyChange[], seconds: number): PlannedKey[] {
  const made = changes.flatMap((change) =>
    change.act === 'make'
      ? [key('made', 0, { alg: change.alg, announcedAt: at(seconds), activeAt: change.activeAt })]
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

describe('planOf', () => {
  it('makes the first key active at once', () => {
    expect(plan([], 1000)).toEqual([{ act: 'make', alg: 'ES256', activeAt: at(1000) }]);
  });

  it('leaves a young key alone', () => {
    expect(plan([key('a', 0)], 90 * day - 311)).toEqual([]);
  });

  it('announces the next key a lead before the change-over, and retires the present one at that very instant', () => {
    expect(plan([key('a', 0)], 90 * day - 310)).toEqual([
      { act: 'make', alg: 'ES256', activeAt: at(90 * day) },
      { act: 'retire', kid: 'a', retiredAt: at(90 * day), goneAt: at(90 * day + 970) },
    ]);
  });

  it('gives the whole lead also when nobody was there in time', () => {
    expect(plan([key('a', 0)], 200 * day)[0]).toEqual({ act: 'make', alg: 'ES256', activeAt: at(200 * day + 310) });
  });

  it('rotates by command, and hurries an announced key no further than its lead', () => {
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

  it('activates the announced key at once when the active one was killed', () => {
    const killed = key('a', 0, { killedAt: at(4999), goneAt: at(4999), isErased: true });
    expect(plan([killed, key('b', 9000)], 5000)).toEqual([{ act: 'activate', kid: 'b', activeAt: at(5000) }]);
    expect(plan([killed], 5000)).toEqual([{ act: 'make', alg: 'ES256', activeAt: at(5000) }]);
  });

  it('keeps the present key when the announced one was killed', () => {
    const present = key('a', 0, { retiredAt: at(9000), goneAt: at(9970) });
    const killed = key('b', 9000, { killedAt: at(5000), isErased: true });
    expect(plan([present, killed], 5000)).toEqual([{ act: 'keep', kid: 'a' }]);
  });

  it('destroys a private half when its key has retired, for HS256 when it is gone, and when it was killed', () => {
    const retired = key('a', 0, { retiredAt: at(5000), goneAt: at(5970) });
    expect(plan([retired, key('b', 5000)], 5009)).toEqual([]);
    expect(plan([retired, key('b', 5000)], 5010)).toEqual([{ act: 'erase', kid: 'a' }]);
    const secret = [
      { ...retired, alg: 'HS256' as const },
      { ...key('b', 5000), alg: 'HS256' as const },
    ];
    expect(plan(secret, 5969, {}, { algorithms: ['HS256'] })).toEqual([]);
    expect(plan(secret, 5970, {}, { algorithms: ['HS256'] })).toEqual([{ act: 'erase', kid: 'a' }]);
    const killed = key('c', 0, { killedAt: at(1) });
    expect(plan([killed, key('b', 1)], 2)).toEqual([{ act: 'erase', kid: 'c' }]);
  });

  it('keeps a retired key for as long as tokens live here, though whoever retired it knew of shorter lives', () => {
    const retired = key('a', 0, { retiredAt: at(5000), goneAt: at(5300), isErased: true });
    const scheduled = key('a', 0, { retiredAt: at(9000), goneAt: at(9300) });
    const needed = { act: 'retire', kid: 'a', retiredAt: at(5000), goneAt: at(5970) };
    expect(plan([retired, key('b', 5000)], 5100)).toEqual([needed]);
    expect(plan([scheduled, key('b', 9000)], 5100)).toEqual([
      { act: 'retire', kid: 'a', retiredAt: at(9000), goneAt: at(9970) },
    ]);
    // Nobody shortens it again, and what is gone stays so.
    expect(plan([retired, key('b', 5000)], 5100, {}, { aftermathSeconds: 200 })).toEqual([]);
    expect(plan([retired, key('b', 5000)], 5300)).toEqual([]);
    const killed = { ...retired, killedAt: at(5050) };
    expect(plan([killed, key('b', 5000)], 5100)).toEqual([]);
  });

  it('lets another algorithm take over with a lead, when told at start', () => {
    expect(plan([key('a', 0)], 5000, { retireUnlisted: true }, { algorithms: ['PS256'] })).toEqual([
      { act: 'make', alg: 'PS256', activeAt: at(5310) },
      { act: 'retire', kid: 'a', retiredAt: at(5310), goneAt: at(6280) },
    ]);
  });

  it.each<[string, PlannedKey[], number, KeyCommand]>([
    ['the first start', [], 1000, {}],
    ['the schedule', [key('a', 0)], 90 * day, {}],
    ['a command', [key('a', 0)], 1000, { rotate: ['ES256'] }],
    ['a kill', [key('a', 0, { killedAt: at(999) }), key('b', 9000)], 1000, {}],
    ['shorter lives', [key('a', 0, { retiredAt: at(5000), goneAt: at(5100) }), key('b', 5000)], 5050, {}],
    ['a change of algorithm', [{ ...key('a', 0), alg: 'RS256' }], 1000, { retireUnlisted: true }],
  ])('leaves nothing to do for the next replica after %s', (_name, keys, now, command) => {
    const after = carriedOut(keys, plan(keys, now, command), now);
    expect(plan(after, now)).toEqual([]);
    expect(plan(after, now, { retireUnlisted: true })).toEqual([]);
  });
});
