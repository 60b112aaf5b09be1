import { Clock } from './clock.js';
import { RevocationSet } from './revocation-set.js';
import type { Principal } from '../guard/principal.js';

const ISSUER = 'https://id.example.com';

class HandSetClock extends Clock {
  seconds = 1_000;
  override now(): number {
    return this.seconds * 1000;
  }
}

const bearer: Principal = {
  issuer: ISSUER,
  subject: 'u1',
  audience: [],
  tokenId: 't1',
  sessionId: 's1',
  clientId: 'c1',
  scopes: [],
  roles: [],
  amr: [],
  issuedAt: 900,
  expiresAt: 2_000,
  keyId: 'k1',
  claims: {},
};

describe('RevocationSet', () => {
  let clock: HandSetClock;
  let set: RevocationSet;
  const add = (kind: 'session' | 'subject' | 'client' | 'token' | 'key', target: string, more: object = {}): void =>
    set.add({ kind, target, reason: 'test', expiresAt: 2_000, ...more });

  beforeEach(() => {
    clock = new HandSetClock();
    set = new RevocationSet(clock, ISSUER);
  });

  it.each([
    ['session', 's1'],
    ['subject', 'u1'],
    ['client', 'c1'],
    ['token', 't1'],
    ['key', 'k1'],
  ] as const)('RevocationSet revokes a token by its %s, and only by the exact target', (kind, target) => {
    add(kind, `${target}x`);
    expect(set.isRevoked(bearer)).toBe(false);
    add(kind, target);
    expect(set.isRevoked(bearer)).toBe(true);
  });

  it.each(['', 'Zoë', '李', '😀', '\ud800', 'a\u0000b'])('RevocationSet compares the target %p exactly', (subject) => {
    add('subject', subject);
    expect(set.isRevoked({ ...bearer, subject })).toBe(true);
    expect(set.isRevoked({ ...bearer, subject: `${subject}?` })).toBe(false);
  });

  it('after a failover, a snapshot replaces the permissions of roles when it is complete, also by lower versions', () => {
    const role = (target: string, version: number, ...permissions: string[]): void =>
      set.add({ kind: 'role-permissions', target, version, permissions, reason: 'test', expiresAt: 9_000 });
    const permissionsOf = (name: string) => [...(set.permissionsOf(ISSUER, name) ?? ['ended'])];
    role('auditor', 7, 'a:read', 'a:write');
    role('lost', 8, 'a:read');
    set.beginSnapshot();
    role('auditor', 2, 'a:read', 'a:write', 'a:delete');
    role('auditor', 3, 'a:read');
    role('auditor', 1, 'a:write');
    expect([permissionsOf('auditor'), permissionsOf('lost')]).toEqual([['a:read', 'a:write'], ['a:read']]);
    set.endSnapshot();
    expect([permissionsOf('auditor'), permissionsOf('lost')]).toEqual([['a:read'], ['ended']]);
    expect(set.hasRole({ ...bearer, roles: ['lost'] }, 'lost')).toBe(false);
    role('lost', 4, 'a:write');
    expect(permissionsOf('lost')).toEqual(['a:write']);
    set.endSnapshot();
    expect(permissionsOf('auditor')).toEqual(['a:read']);
  });

  it('RevocationSet rounds an expiry up to whole seconds', () => {
    add('session', 's1', { expiresAt: 1_000.5 });
    expect(set.isRevoked(bearer)).toBe(true);
  });

  it.each(['subject', 'client'] as const)(
    'RevocationSet accepts a token that a revoked %s got after the revocation',
    (kind) => {
      add(kind, kind === 'subject' ? 'u1' : 'c1', { before: 900 });
      expect(set.isRevoked(bearer)).toBe(true);
      expect(set.isRevoked({ ...bearer, issuedAt: 901 })).toBe(false);
    },
  );

  it('RevocationSet keeps the stricter of two revocations of one target, in any order', () => {
    for (const [first, second] of [
      [800, 950],
      [950, 800],
      [950, undefined],
      [undefined, 800],
    ]) {
      set.clear();
      add('subject', 'u1', { before: first });
      add('subject', 'u1', { before: second });
      expect(set.isRevoked(bearer)).toBe(true);
    }
    add('session', 's1', { expiresAt: 1_500 });
    add('session', 's1', { expiresAt: 1_200 });
    clock.seconds = 1_300;
    set.sweep(100);
    expect(set.isRevoked({ ...bearer, subject: 'u9' })).toBe(true);
  });

  it('RevocationSet changes its version with each change that could revoke a token', () => {
    const seen = [set.version];
    const changes = [
      () => add('session', 's9'),
      () => add('subject', 'u9'),
      () => add('session', 's9'),
      () => set.clear(),
    ];
    for (const change of changes) {
      change();
      seen.push(set.version);
    }
    expect(new Set(seen).size).toBe(5);
    add('session', 's9', { expiresAt: 1 });
    set.isRevoked(bearer);
    expect(set.version).toBe(seen.at(-1));
  });

  it('RevocationSet revokes only tokens of the same issuer', () => {
    add('subject', 'u1', { issuer: 'https://partner.example.com' });
    expect(set.isRevoked(bearer)).toBe(false);
    expect(set.isRevoked({ ...bearer, issuer: 'https://partner.example.com' })).toBe(true);
  });

  it('RevocationSet ignores a revocation that has expired', () => {
    add('session', 's1', { expiresAt: 1_000 });
    expect(set.size).toBe(0);
  });

  it('RevocationSet removes an entry when it expires, and not earlier', () => {
    for (const kind of ['session', 'subject', 'client', 'token', 'key'] as const) {
      add(kind, 'early', { expiresAt: 1_100 });
      add(kind, 'late', { expiresAt: 1_200 });
    }
    clock.seconds = 1_099;
    set.sweep(100);
    set.sweep(100);
    expect(set.size).toBe(10);
    clock.seconds = 1_100;
    set.sweep(100);
    set.sweep(100);
    expect(set.size).toBe(5);
  });

  it('RevocationSet examines at most the requested number of entries per sweep, and all of them in the end', () => {
    for (let at = 0; at < 100; at += 1) add('token', `t${at}`, { expiresAt: 1_100 });
    clock.seconds = 1_100;
    set.sweep(1_000);
    let before = set.size;
    for (let round = 0; round < 200 && set.size > 0; round += 1) {
      set.sweep(7);
      expect(before - set.size).toBeLessThanOrEqual(7);
      before = set.size;
    }
    expect(set.size).toBe(0);
  });

  it('RevocationSet removes expired entries while it is filled, without a timer', () => {
    for (let at = 0; at < 20_000; at += 1) {
      clock.seconds += 1;
      set.add({ kind: 'token', target: `t${at}`, reason: 'test', expiresAt: clock.seconds + 100 });
    }
    expect(set.size).toBeLessThan(300);
  });
});
