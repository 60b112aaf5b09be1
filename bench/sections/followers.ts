import { setTimeout as sleep } from 'node:timers/promises';
import { type Child, startChild } from '../child.js';
import { query } from '../databases.js';
import { count, megabytes, milliseconds, ratio, seconds } from '../figures.js';
import { type Build, workingTree } from '../build.js';
import { addUsers, logIn, type Pair, serviceToken, startPostern } from '../postern-server.js';
import { RawFollower } from '../raw-follower.js';
import type { Bench, Goal, Outcome, Section } from '../section.js';
import type { CrowdAnswer, CrowdRequest } from '../servers/crowd.js';

const HELD = 100_000;
const RETURNING = 50;
const FOLLOWERS = 1000;
/** So many connect at once to be live. */
const CONNECTING = 50;
const LOGOUTS = 80;
/** Before the measured ones, until the compiler has made their code fast. */
const WARM_UP_LOGOUTS = 60;
const PAUSE_MILLISECONDS = 100;
const PROMISED_P99 = 250;
const PROMISED_MEGABYTES = 250;
const PROMISED_CROWD = 0.1;
const PROMISED_REVOCATION = 0.4;

interface Crowd {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly snapshotBytes: number;
  /** Of the live follower, in milliseconds. */
  readonly delays: number[];
  readonly idleRequests: number[];
  readonly requests: number[];
}

interface Many {
  readonly cpuMilliseconds: number;
  /** The same without a follower. */
  readonly aloneMilliseconds: number;
  readonly delays: number[];
  readonly residentBytes: number;
}

interface Measured {
  readonly name: string;
  readonly crowd: Crowd;
  readonly many: Many;
}

/** What many followers cost the server, and how soon each hears of a revocation. */
export const followers: Section = {
  name: 'followers',
  title: 'Many followers',
  explains: `One server on one core; the followers, which count events and verify none, on the other. First ${RETURNING} followers connect at once to
a server with ${count(HELD)} revocations, until each has its snapshot: meanwhile one follower is live, sessions are ended by \`POST /auth/logout\`
and \`GET /users/me\` is called every 20 ms. Then ${count(FOLLOWERS)} followers are live while ${LOGOUTS} sessions are ended, one every ${PAUSE_MILLISECONDS} ms. A delay
counts from the arrival of the 204 to the arrival of the event. Processor time for a revocation is what the server uses beyond what
it uses while nothing is revoked, the logout included. \`--against <git ref>\` measures the build of another commit in the same run.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const builds: Measured[] = [];
  for (const build of bench.builds.toReversed())
    builds.push(await measureBuild(build.label('this build'), bench, build));
  const former = builds.length === 1 ? undefined : builds[0];
  const { crowd, many } = builds.at(-1)!;
  return {
    tables: [
      {
        columns: [
          '50 snapshots',
          'Until the last',
          'Processor time',
          'Memory',
          'A snapshot',
          'Live follower p99',
          '/users/me p50 (idle)',
          'p99 (idle)',
        ],
        rows: builds.map(({ name, crowd: one }) => [
          name,
          seconds(one.seconds),
          seconds(one.cpuSeconds),
          megabytes(one.residentBytes),
          megabytes(one.snapshotBytes),
          milliseconds(quantile(one.delays, 0.99)),
          `${milliseconds(quantile(one.requests, 0.5))} (${milliseconds(quantile(one.idleRequests, 0.5))})`,
          `${milliseconds(quantile(one.requests, 0.99))} (${milliseconds(quantile(one.idleRequests, 0.99))})`,
        ]),
      },
      {
        columns: [
          `${count(FOLLOWERS)} followers`,
          'p50',
          'p99',
          'Longest',
          'Processor time for a revocation',
          'Without followers',
          'Memory',
        ],
        rows: builds.map(({ name, many: one }) => [
          name,
          ...[0.5, 0.99, 1].map((share) => milliseconds(quantile(one.delays, share))),
          `${one.cpuMilliseconds.toFixed(1)} ms`,
          `${one.aloneMilliseconds.toFixed(1)} ms`,
          megabytes(one.residentBytes),
        ]),
      },
    ],
    goals: [
      ...atMost(
        `memory of the server during ${RETURNING} snapshots, in MB`,
        crowd.residentBytes / 1e6,
        PROMISED_MEGABYTES,
      ),
      ...atMost('p99 of a live follower during them, in ms', quantile(crowd.delays, 0.99), PROMISED_P99),
      ...atMost(`p99 of ${count(FOLLOWERS)} followers, in ms`, quantile(many.delays, 0.99), PROMISED_P99),
      ...(former === undefined
        ? []
        : [
            ...atMost('time of the snapshots, of the former', crowd.seconds / former.crowd.seconds, PROMISED_CROWD),
            ...atMost(
              'processor time of them, of the former',
              crowd.cpuSeconds / former.crowd.cpuSeconds,
              PROMISED_CROWD,
            ),
            ...atMost(
              `processor time that ${count(FOLLOWERS)} followers add to a logout, of the former`,
              addedBy(many) / addedBy(former.many),
              PROMISED_REVOCATION,
            ),
          ]),
    ],
  };
}

function addedBy({ cpuMilliseconds, aloneMilliseconds }: Many): number {
  return cpuMilliseconds - aloneMilliseconds;
}

function atMost(what: string, reached: number, promised: number): Goal[] {
  return [{ promise: `${what}: ≤ ${promised}`, reached: ratio(reached), isMet: reached <= promised }];
}

async function measureBuild(name: string, bench: Bench, from: Build): Promise<Measured> {
  const part = bench.isQuick ? 0.1 : 1;
  const crowd = await withServer(bench, from, Math.round(HELD * part), crowdOf);
  const many = await withServer(bench, from, 0, (server) => manyOf(server, Math.round(FOLLOWERS * part)));
  return { name, crowd, many };
}

interface Server {
  readonly child: Child;
  readonly url: string;
  readonly token: string;
  readonly pairs: Pair[];
}

async function withServer<T>(
  { database, isQuick }: Bench,
  build: Build,
  held: number,
  act: (server: Server) => Promise<T>,
): Promise<T> {
  const databaseUrl = await database();
  // All followers of the bench have one token. A former build knows no bound of it.
  const environment: Record<string, string> = build === workingTree ? { POSTERN_FOLLOWERS_PER_TOKEN: '1000' } : {};
  const start = () => startPostern(databaseUrl, { environment }, build);
  // Once for the schema.
  await (await start()).stop();
  const emails = await addUsers(databaseUrl, isQuick ? 40 : WARM_UP_LOGOUTS + LOGOUTS);
  if (held > 0) await revokeSessions(databaseUrl, held);
  const child = await start();
  try {
    const token = await serviceToken(databaseUrl, 'revocations:read', build);
    const pairs: Pair[] = [];
    for (const email of emails) pairs.push(await logIn(child.url, email));
    return await act({ child, url: child.url, token, pairs });
  } finally {
    await child.stop();
  }
}

async function crowdOf({ child, url, token, pairs }: Server): Promise<Crowd> {
  const staying = pairs.shift()!.access_token;
  const live = new RawFollower(url, token);
  await live.completeAt;
  const idleRequests: number[] = [];
  const isOver = { value: false };
  const idle = callMe(url, staying, idleRequests, isOver);
  await sleep(2000);
  isOver.value = true;
  await idle;

  isOver.value = false;
  const requests: number[] = [];
  let residentBytes = 0;
  const crowd = await startChild(new URL('../servers/crowd.ts', import.meta.url), { place: 'elsewhere' });
  const before = await child.usage();
  const meanwhile = [
    callMe(url, staying, requests, isOver),
    logOutAll(url, pairs, [live], isOver),
    (async () => {
      while (!isOver.value) {
        residentBytes = Math.max(residentBytes, (await child.usage()).residentBytes);
        await sleep(100);
      }
    })(),
  ] as const;
  const request: CrowdRequest = { url, token, followers: RETURNING };
  const { seconds: passed, snapshotBytes } = await crowd.ask<CrowdAnswer>(request);
  isOver.value = true;
  const [, delays] = await Promise.all(meanwhile);
  const after = await child.usage();
  live.leave();
  await crowd.stop();
  return {
    seconds: passed,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
    residentBytes,
    snapshotBytes,
    delays,
    idleRequests,
    requests,
  };
}

async function manyOf({ child, url, token, pairs }: Server, number: number): Promise<Many> {
  const warmUp = pairs.splice(0, pairs.length / 2);
  await logOutAll(url, warmUp.splice(0, warmUp.length / 2), [], { value: false });
  const alone = await costOf(child, () => logOutAll(url, warmUp, [], { value: false }), warmUp.length);
  const all: RawFollower[] = [];
  while (all.length < number) {
    const some = Array.from({ length: CONNECTING }, () => new RawFollower(url, token));
    await Promise.all(some.map((one) => one.completeAt));
    all.push(...some);
  }
  const measured = pairs.splice(10);
  await logOutAll(url, pairs, all, { value: false });
  await sleep(2000);
  const { milliseconds: cpuMilliseconds, result: delays } = await costOf(
    child,
    () => logOutAll(url, measured, all, { value: false }),
    measured.length,
  );
  const { residentBytes } = await child.usage();
  for (const one of all) one.leave();
  return { cpuMilliseconds, aloneMilliseconds: alone.milliseconds, delays, residentBytes };
}

/** The processor time of the server for each act, beyond what it uses while nothing happens. */
async function costOf<T>(
  server: Child,
  acts: () => Promise<T>,
  number: number,
): Promise<{ milliseconds: number; result: T }> {
  const IDLE_SECONDS = 4;
  const first = await server.usage();
  await sleep(IDLE_SECONDS * 1000);
  const before = await server.usage();
  const beganAt = performance.now();
  const result = await acts();
  const passed = (performance.now() - beganAt) / 1000;
  const after = await server.usage();
  const idle = ((before.cpuSeconds - first.cpuSeconds) / IDLE_SECONDS) * passed;
  return { milliseconds: ((after.cpuSeconds - before.cpuSeconds - idle) / number) * 1000, result };
}

/** Ends sessions one by one, and answers after how many milliseconds each follower heard of each; infinite for one that was cut off. */
async function logOutAll(
  url: string,
  pairs: readonly Pair[],
  listening: readonly RawFollower[],
  isOver: { readonly value: boolean },
): Promise<number[]> {
  const answeredAt: number[] = [];
  const known = listening.map(({ eventsAt }) => eventsAt.length);
  for (const { access_token: token } of pairs) {
    if (isOver.value) break;
    const answer = await fetch(`${url}/auth/logout`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    });
    if (answer.status !== 204) throw new Error(`A logout of the bench answers ${answer.status}.`);
    answeredAt.push(performance.now());
    await sleep(PAUSE_MILLISECONDS);
  }
  const end = performance.now() + 20_000;
  const isMissing = (): boolean =>
    listening.some(({ eventsAt }, at) => eventsAt.length - known[at]! < answeredAt.length);
  while (isMissing() && performance.now() < end) await sleep(20);
  return listening.flatMap(({ eventsAt }, follower) =>
    answeredAt.map((at, index) => Math.max(0, (eventsAt[known[follower]! + index] ?? Number.POSITIVE_INFINITY) - at)),
  );
}

async function callMe(url: string, token: string, times: number[], isOver: { readonly value: boolean }): Promise<void> {
  while (!isOver.value) {
    const beganAt = performance.now();
    const answer = await fetch(`${url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`The server of the bench answers ${answer.status}.`);
    times.push(performance.now() - beganAt);
    await sleep(20);
  }
}

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

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
