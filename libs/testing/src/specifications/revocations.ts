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

/** A revocation of each kind with a principal that it revokes, all with new ids. */
function cases(): { notice: RevocationRequest; revoked: Principal }[] {
  const revoked = testPrincipal(
    Object.fromEntries(Object.entries(OURS).map(([name, value]) => [name, `${value}-${(count += 1)}`])),
  );
  const now = revoked.issuedAt;
  const until = { reason: 'specification', expiresAt: now + 600 };
  return [
    { kind: 'session' as const, target: revoked.sessionId! },
    { kind: 'subject' as const, target: revoked.subject, before: now },
    { kind: 'client' as const, target: revoked.clientId!, before: now },
    { kind: 'token' as const, target: revoked.tokenId },
    { kind: 'key' as const, target: revoked.keyId },
  ].map((notice) => ({ notice: { ...notice, ...until }, revoked: only(revoked, notice.kind) }));
}

/** A principal that shares only the member of this kind of revocation. */
function only(principal: Principal, kind: RevocationRequest['kind']): Principal {
  const member = ({ session: 'sessionId', client: 'clientId', token: 'tokenId', key: 'keyId' } as const)[
    kind as 'session'
  ];
  const name = member ?? 'subject';
  return testPrincipal({ [name]: principal[name] });
}

/**
 * Tests the promises of a `RevocationPublisher` to its own process.
 *
 * @param make returns the publisher and the set that the guard of the same application checks
 */
export function revocationPublisherSpec(
  make: Made<{ publisher: RevocationPublisher; set: RevocationSet; issuer?: string }>,
): void {
  specification('RevocationPublisher', {
    'publish() resolves after tokens of the revocation are rejected, for every kind': async () => {
      const { publisher, set, issuer = ISSUER } = await make();
      for (const { notice, revoked } of cases()) {
        const principal = testPrincipal({ ...revoked, issuer });
        assert.equal(set.isRevoked(principal), false, `${notice.kind}: before`);
        await publisher.publish(notice);
        assert.equal(set.isRevoked(principal), true, `${notice.kind}: after`);
      }
    },
    'publish() without expiresAt revokes for the longest token lifetime': async () => {
      const { publisher, set, issuer = ISSUER } = await make();
      const [{ notice, revoked }] = cases() as [ReturnType<typeof cases>[number]];
      const { expiresAt: _expiresAt, ...untimed } = notice;
      await publisher.publish(untimed);
      assert.equal(set.isRevoked(testPrincipal({ ...revoked, issuer })), true);
    },
    'publish() affects no other principal and no token that was issued later': async () => {
      const { publisher, set, issuer = ISSUER } = await make();
      for (const { notice, revoked } of cases()) {
        await publisher.publish(notice);
        assert.equal(set.isRevoked(testPrincipal({ issuer, subject: 'another-subject' })), false, notice.kind);
        if (notice.before === undefined) continue;
        const later = testPrincipal({ ...revoked, issuer, issuedAt: notice.before + 1 });
        assert.equal(set.isRevoked(later), false, `${notice.kind}: a later token`);
      }
    },
  });
}

/**
 * Tests the promises of a `RevocationSource`.
 *
 * @param make returns a source, a publisher whose revocations it receives, and the issuer if the source is bound to one
 * @param withinSeconds the longest delay of a revocation
 */
export function revocationSourceSpec(
  make: Made<{ source: RevocationSource; publisher: RevocationPublisher; issuer?: string }>,
  { withinSeconds = 1 }: { withinSeconds?: number } = {},
): void {
  const emptySet = (issuer: string): RevocationSet => new RevocationSet(new SystemClock(), issuer);
  const isKnown = (set: RevocationSet, revoked: Principal, issuer: string): boolean =>
    set.isRevoked(testPrincipal({ ...revoked, issuer }));
  specification('RevocationSource', {
    'follow() resolves after it has loaded earlier revocations': async () => {
      const { source, publisher, issuer = ISSUER } = await make();
      const published = cases();
      for (const { notice } of published) await publisher.publish(notice);
      const set = emptySet(issuer);
      await source.follow(set);
      await source.stop();
      for (const { notice, revoked } of published) assert.ok(isKnown(set, revoked, issuer), notice.kind);
    },
    [`follow() receives later revocations within ${withinSeconds} s`]: async () => {
      const { source, publisher, issuer = ISSUER } = await make();
      const set = emptySet(issuer);
      await source.follow(set);
      const published = cases();
      for (const { notice } of published) await publisher.publish(notice);
      const end = Date.now() + withinSeconds * 1000;
      const missing = () =>
        published.filter(({ revoked }) => !isKnown(set, revoked, issuer)).map(({ notice }) => notice.kind);
      while (missing().length > 0 && Date.now() < end) await delay(10);
      await source.stop();
      assert.deepEqual(missing(), []);
    },
    'stop() ends all changes to the set': async () => {
      const { source, publisher, issuer = ISSUER } = await make();
      const set = emptySet(issuer);
      await source.follow(set);
      await source.stop();
      const size = set.size;
      for (const { notice } of cases()) await publisher.publish(notice);
      await delay(withinSeconds * 1000);
      assert.equal(set.size, size);
    },
  });
}
