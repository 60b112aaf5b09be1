import { type Child, startChild } from '../child.js';
import { contestAnew, type Contender, type Lineup } from '../contest.js';
import { query } from '../databases.js';
import { count, microseconds, ratio } from '../figures.js';
import { serviceTokens, startFleet, untilKnown } from '../fleet.js';
import { send } from '../load.js';
import type { Bench, Outcome, Section } from '../section.js';

const HELD = 1_000_000;
const TOKENS = 1024;
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 5;
const PROMISED = 0.9;

interface SetFigures {
  readonly entries: number;
  readonly bytesPerEntry: number;
  readonly nanosecondsPerLookUp: number;
}

/** What it costs a verifier to know what was revoked. */
export const heldRevocations: Section = {
  name: 'held',
  title: 'A million revocations held',
  explains: `A service with \`postern/auth\` alone follows the feed of an issuer whose database holds ${count(HELD)} revoked sessions, and
serves the route of the first table; the other server has no guard. Below, the set by itself: heap for each entry, with
the texts it is found by, and the time of a look-up that finds nothing, over ${count(TOKENS)} different principals.`,
  measure,
};

async function measure({ database, rounds, seconds, isQuick }: Bench): Promise<Outcome> {
  const held = isQuick ? HELD / 20 : HELD;
  const databaseUrl = await database();
  // Once for the schema, and again when the revocations are there.
  await (await startFleet({ databaseUrl, issuers: 1, resources: 0 })).stop();
  await revokeSessions(databaseUrl, held);
  const names = ['unguarded', `guarded, ${count(held)} revocations held, feed live`] as const;
  const result = await contestAnew(() => start(databaseUrl, held, names), rounds, seconds);
  const reached = result.ratio(names[1], names[0]);
  const sets = [await measureSet(1000), await measureSet(held)];
  return {
    tables: [
      {
        columns: ['Server', 'Answers/s', 'Processor time an answer', 'Answers for the same processor time'],
        rows: names.map((name) => [
          name,
          count(result.perSecond(name)),
          microseconds(result.cpuMicroseconds(name)),
          ratio(result.ratio(name, names[0])),
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

async function start(databaseUrl: string, held: number, names: readonly [string, string]): Promise<Lineup> {
  const [fleet, unguarded] = await Promise.all([
    startFleet({ databaseUrl, issuers: 1, resources: 1, issuersAt: 'elsewhere', resourcesAt: 'server' }),
    startChild(new URL('../servers/unguarded.ts', import.meta.url)),
  ]);
  const stop = (): Promise<unknown> => Promise.all([fleet.stop(), unguarded.stop()]);
  try {
    const guarded = fleet.resources[0]!;
    await untilKnown(guarded, held);
    const tokens = await serviceTokens(fleet.issuers[0]!, 'bench', TOKENS);
    return { contenders: [contender(names[0], unguarded, tokens), contender(names[1], guarded, tokens)], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** As many as no load could make in the time of a bench; numbered as the server numbers them. */
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

function contender(name: string, child: Child, tokens: readonly string[]): Contender {
  const share = tokens.length / CONNECTIONS;
  return {
    name,
    child,
    run: (round) =>
      send({
        url: child.url,
        connections: CONNECTIONS,
        limit: { seconds: round === 0 ? WARM_UP_SECONDS : 1 },
        requests: (connection) =>
          tokens
            .slice((connection % CONNECTIONS) * share)
            .slice(0, share)
            .map((token) => ({ method: 'GET', path: '/hello', headers: { authorization: `Bearer ${token}` } })),
      }),
  };
}
