import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { RevocationSet, SystemClock } from 'postern/auth';
import type { Principal, RevocationRequest, RevocationPublisher, RevocationSource } from 'postern/auth';
import { testPrincipal } from '../test-principal.js';
import { specification } from './specification.js';
import type { Made } from './specification.js';

const ISSUER = 'https://issuer.test';
const OURS = { sessionId: 'session-1', clientId: 'client-1', tokenId: 'token-1', subject: 'subject-1', keyId: 'key-1' };
let count = 0;

/** A revocation of each kind, and a principal that it concerns; all of them new. */
function cases(): { notice: RevocationRequest; concerned: Principal }[] {
  const concerned = testPrincipal(
    Object.fromEntries(Object.entries(OURS).map(([name, value]) => [name, `${value}-${(count += 1)}`])),
  );
  const now = concerned.issuedAt;
  const until = { reason: 'specification', expiresAt: now + 600 };
  return [
    { kind: 'session' as const, target: concerned.sessionId! },
    { kind: 'subject' as const, target: concerned.subject, before: now },
    { kind: 'client' as const, target: concerned.clientId!, before: now },
    { kind: 'token' as const, target: concerned.tokenId },
    { kind: 'key' as const, target: concerned.keyId },
  ].map((notice) => ({ notice: { ...notice, ...until }, concerned: only(concerned, notice.kind) }));
}

/** A principal that shares nothing with the others but what this kind of revocation names. */
function only(principal: Principal, kind: RevocationRequest['kind']): Principal {
  const member = ({ session: 'sessionId', client: 'clientId', token: 'tokenId', key: 'keyId' } as const)[
    kind as 'session'
  ];
  const name = member ?? 'subject';
  return testPrincipal({ [name]: principal[name] });
}

/**
 * What every `RevocationPublisher` promises to the process it is in.
 *
 * @param make the publisher, and the set that the guard of the same application asks
 */
export function revocationPublisherSpec(
  make: Made<{ publisher: RevocationPublisher; set: RevocationSet; issuer?: string }>,
): void {
  specification('RevocationPublisher', {
    'has refused, when it resolves, what it was told: every kind': async () => {
      const { publisher, set, issuer = ISSUER } = await make();
      for (const { notice, concerned } of cases()) {
        const principal = testPrincipal({ ...concerned, issuer });
        assert.equal(set.isRevoked(principal), false, `${notice.kind}: before`);
        await publisher.publish(notice);
        assert.equal(set.isRevoked(principal), true, `${notice.kind}: after`);
      }
    },
    'refuses for as long as any token may live where it is not told how long': async () => {
      const { publisher, set, issuer = ISSUER } = await make();
      const [{ notice, concerned }] = cases() as [ReturnType<typeof cases>[number]];
      const { expiresAt: _untold, ...untimed } = notice;
      await publisher.publish(untimed);
      assert.equal(set.isRevoked(testPrincipal({ ...concerned, issuer })), true);
    },
    'concerns nobody else, and no token that was issued later': async () => {
      const { publisher, set, issuer = ISSUER } = await make();
      for (const { notice, concerned } of cases()) {
        await publisher.publish(notice);
        assert.equal(set.isRevoked(testPrincipal({ issuer, subject: 'somebody-else' })), false, notice.kind);
        if (notice.before === undefined) continue;
        const later = testPrincipal({ ...concerned, issuer, issuedAt: notice.before + 1 });
        assert.equal(set.isRevoked(later), false, `${notice.kind}: a later token`);
      }
    },
  });
}

/**
 * What every `RevocationSource` promises.
 *
 * @param make a source, whoever makes known what it is to hear of, and whose tokens these are where the source follows a
 *   certain issuer
 * @param withinSeconds how long a revocation may take from there to here
 */
export function revocationSourceSpec(
  make: Made<{ source: RevocationSource; publisher: RevocationPublisher; issuer?: string }>,
  { withinSeconds = 1 }: { withinSeconds?: number } = {},
): void {
  const emptySet = (issuer: string): RevocationSet => new RevocationSet(new SystemClock(), issuer);
  const isKnown = (set: RevocationSet, concerned: Principal, issuer: string): boolean =>
    set.isRevoked(testPrincipal({ ...concerned, issuer }));
  specification('RevocationSource', {
    'knows, when it follows, what was revoked before': async () => {
      const { source, publisher, issuer = ISSUER } = await make();
      const told = cases();
      for (const { notice } of told) await publisher.publish(notice);
      const set = emptySet(issuer);
      await source.follow(set);
      await source.stop();
      for (const { notice, concerned } of told) assert.ok(isKnown(set, concerned, issuer), notice.kind);
    },
    [`hears within ${withinSeconds} s of what is revoked after that`]: async () => {
      const { source, publisher, issuer = ISSUER } = await make();
      const set = emptySet(issuer);
      await source.follow(set);
      const told = cases();
      for (const { notice } of told) await publisher.publish(notice);
      const end = Date.now() + withinSeconds * 1000;
      const missing = () =>
        told.filter(({ concerned }) => !isKnown(set, concerned, issuer)).map(({ notice }) => notice.kind);
      while (missing().length > 0 && Date.now() < end) await delay(10);
      await source.stop();
      assert.deepEqual(missing(), []);
    },
    'leaves the set alone once it is stopped': async () => {
      const { source, publisher, issuer = ISSUER } = await make();
      const set = emptySet(issuer);
      await source.follow(set);
      await source.stop();
      const held = set.size;
      for (const { notice } of cases()) await publisher.publish(notice);
      await delay(withinSeconds * 1000);
      assert.equal(set.size, held);
    },
  });
}
