import { randomUUID } from 'node:crypto';
import { RevocationSet, SystemClock } from 'postern/auth';
import type { Principal, Revocation } from 'postern/auth';

const ISSUER = 'https://id.bench.test';
const LOOK_UPS = 2_000_000;
const PRINCIPALS = 1024;
const entries = Number(process.argv[2]);
const collectGarbage = (globalThis as { gc?: () => void }).gc!;

/** The members that the set reads. */
const principals = Array.from(
  { length: PRINCIPALS },
  () =>
    ({
      issuer: ISSUER,
      subject: randomUUID(),
      sessionId: randomUUID(),
      tokenId: randomUUID(),
      keyId: 'kid',
      issuedAt: 1,
    }) as unknown as Principal,
);

function measure(): object {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const set = new RevocationSet(new SystemClock(), ISSUER);
  const expiresAt = Math.floor(Date.now() / 1000) + 3600;
  for (let at = 0; at < entries; at += 1) set.add(fresh(expiresAt));
  collectGarbage();
  const bytesPerEntry = (process.memoryUsage().heapUsed - before) / entries;
  lookUp(set, LOOK_UPS / 10);
  const began = performance.now();
  lookUp(set, LOOK_UPS);
  return { entries: set.size, bytesPerEntry, nanosecondsPerLookUp: ((performance.now() - began) * 1e6) / LOOK_UPS };
}

/** A new string, as the feed would create it; no other code references it. */
function fresh(expiresAt: number): Revocation {
  return JSON.parse(
    JSON.stringify({ kind: 'session', target: randomUUID(), reason: 'logout', expiresAt }),
  ) as Revocation;
}

function lookUp(set: RevocationSet, times: number): void {
  let found = 0;
  for (let at = 0; at < times; at += 1) if (set.isRevoked(principals[at % PRINCIPALS]!)) found += 1;
  if (found > 0) throw new Error('Nothing of this was revoked.');
}

process.on('message', (message) => {
  if (message === 'measure') process.send!(measure());
});
// Keeps the process alive.
process.channel?.ref();
process.stdout.write('listens at nothing\n');
