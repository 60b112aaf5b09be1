import { workingTree } from '../build.js';
import type { Build } from '../build.js';
import { startChild } from '../cluster/child.js';
import { compareFresh } from '../measurement/comparison.js';
import type { Contender, Contenders } from '../measurement/comparison.js';
import { query } from '../cluster/databases.js';
import { count, microseconds, ratio } from '../formatting.js';
import { serviceTokens, startCluster, untilKnown } from '../cluster/cluster.js';
import { presentedWith } from '../cluster/presented-tokens.js';
import type { Bench, Outcome, Section } from '../section.js';

const HELD = 1_000_000;
const TOKENS = 1024;
const PROMISED = 0.92;
const UNGUARDED = 'unguarded';

/** An issuer that a service follows, and the number of its revocations. */
interface Followed {
  readonly name: string;
  readonly databaseUrl: string;
  readonly held: number;
  readonly build: Build;
}

interface SetFigures {
  readonly entries: number;
  readonly bytesPerEntry: number;
  readonly nanosecondsPerLookUp: number;
}

/** The cost of holding revocations in a verifier. */
export const heldRevocations: Section = {
  name: 'held',
  title: 'A million revocations held',
  explains: `Two services with \`postern/auth\` alone serve the route of the first table and follow the feed of an issuer. The first issuer
has revoked nothing, and the database of the second holds ${count(HELD)} revoked sessions. The third server has no guard. The table below
is about the set alone: heap for each entry, including its keys, and the time of a lookup without a result, over ${count(TOKENS)} different principals.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const { database, isQuick } = bench;
  const held = isQuick ? HELD / 20 : HELD;
  const followed: Followed[] = [
    { name: 'guarded, no revocation held, feed live', databaseUrl: await database(), held: 0, build: workingTree },
  ];
  // Each build has its own database because their tables may differ.
  for (const build of bench.builds) {
    const databaseUrl = await database();
    // The first start creates the schema; the second one reads the revocations.
    await (await startCluster({ databaseUrl, issuers: 1, resources: 0, build })).stop();
    await revokeSessions(databaseUrl, held);
    const name = build.label(`guarded, ${count(held)} revocations held, feed live`);
    followed.push({ name, databaseUrl, held, build });
  }
  const result = await compareFresh(() => start(followed), bench);
  const reached = result.ratio(followed[1]!.name, UNGUARDED);
  const sets = [await measureSet(1000), await measureSet(held)];
  return {
    tables: [
      {
        columns: ['Server', 'Answers/s', 'Processor time an answer', 'Answers for the same processor time'],
        rows: result.names.map((name) => [
          name,
          count(result.perSecond(name)),
          microseconds(result.cpuMicroseconds(name)),
          ratio(result.ratio(name, UNGUARDED)),
        ]),
      },
      {
        columns: ['Entries in the set', 'Bytes an entry', 'A look-up'],
        rows: sets.map(({ entries, bytesPerEntry, nanosecondsPerLookUp }) => [
          count(entries),
          count(bytesPerEntry),
          `${count(nanosecondsPerLookUp)} ns`,
        ]),
      },
    ],
    goals: [
      {
        promise: `guarded ≥ ${ratio(PROMISED)} of unguarded with ${count(held)} revocations held and the feed live`,
        reached: ratio(reached),
        isMet: reached >= PROMISED,
      },
    ],
  };
}

/** Issuers run beside the load generator; each has one service on the core of the measured servers. */
async function start(followed: readonly Followed[]): Promise<Contenders> {
  const stops: (() => Promise<unknown>)[] = [];
  const stop = (): Promise<unknown> => Promise.all(stops.map((stopOne) => stopOne()));
  try {
    const unguarded = await startChild(new URL('../servers/unguarded.ts', import.meta.url));
    stops.push(() => unguarded.stop());
    const contenders: Contender[] = [];
    for (const { name, databaseUrl, held, build } of followed) {
      const cluster = await startCluster({
        databaseUrl,
        build,
        issuers: 1,
        resources: 1,
        issuersAt: 'elsewhere',
        resourcesAt: 'server',
      });
      stops.push(() => cluster.stop());
      const guarded = cluster.resources[0]!;
      await untilKnown(guarded, held);
      const tokens = await serviceTokens(cluster.issuers[0]!, 'bench', TOKENS);
      // The server without a guard does not read tokens.
      if (contenders.length === 0) contenders.push(presentedWith(tokens, UNGUARDED, unguarded));
      contenders.push(presentedWith(tokens, name, guarded));
    }
    return { contenders, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Inserts more revocations than requests could create in time, numbered as by the server. */
async function revokeSessions(databaseUrl: string, number: number): Promise<void> {
  await query(
    databaseUrl,
    `INSERT INTO revocations (id, seq, kind, target, reason, created_at, expires_at)
     SELECT gen_random_uuid(), at, 'session', gen_random_uuid()::text, 'logout', now(), now() + interval '1 hour'
     FROM generate_series(1, $1::int) AS at`,
    [number],
  );
  await query(databaseUrl, 'UPDATE revocation_cursor SET seq = $1', [number]);
}

async function measureSet(entries: number): Promise<SetFigures> {
  const program = new URL('../servers/revocation-set.ts', import.meta.url);
  const child = await startChild(program, { args: [String(entries)], nodeOptions: ['--expose-gc'] });
  try {
    return await child.ask<SetFigures>('measure');
  } finally {
    await child.stop();
  }
}
