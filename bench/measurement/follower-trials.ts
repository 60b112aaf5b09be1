import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from '../cluster/child.js';
import type { Child } from '../cluster/child.js';
import { query } from '../cluster/databases.js';
import { workingTree } from '../build.js';
import type { Build } from '../build.js';
import { addUsers, logIn, serviceToken, startPostern } from '../cluster/postern-server.js';
import type { Pair } from '../cluster/postern-server.js';
import { RawFollower } from './raw-follower.js';
import type { Bench } from '../section.js';
import type { CrowdAnswer, CrowdRequest } from '../servers/crowd.js';

/** The number of followers that connect at once to a server with revocations. */
export const RETURNING = 50;
/** The number of followers that connect at once and stay live. */
const CONNECTING = 50;
/** The number of sessions that are ended. */
export const LOGOUTS = 80;
/** Warm-up iterations, so that the compiler has optimized the code. */
const WARM_UP_LOGOUTS = 60;
/** The pause between two iterations, in milliseconds. */
export const PAUSE_MILLISECONDS = 100;

/** The cost of followers that connect at once. */
export interface Crowd {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly snapshotBytes: number;
  /** Delays of the live follower, in milliseconds. */
  readonly delays: number[];
  readonly idleRequests: number[];
  readonly requests: number[];
}

/** The cost of live followers. */
export interface Many {
  readonly cpuMilliseconds: number;
  /** The same cost without followers. */
  readonly aloneMilliseconds: number;
  readonly delays: number[];
  readonly residentBytes: number;
}

/** A server and the credentials of its clients. */
export interface Server {
  readonly child: Child;
  readonly url: string;
  readonly token: string;
  readonly pairs: Pair[];
}

/** Starts a server with logged-in users, runs the act, and stops the server. */
export async function withServer<T>(
  { database, isQuick }: Bench,
  build: Build,
  held: number,
  act: (server: Server) => Promise<T>,
): Promise<T> {
  const databaseUrl = await database();
  // All followers of the bench share one token. An earlier build has no limit for it.
  const environment: Record<string, string> = build === workingTree ? { POSTERN_FOLLOWERS_PER_TOKEN: '1000' } : {};
  const start = () => startPostern(databaseUrl, { environment }, build);
  // The first start creates the schema.
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

/** Followers connect at once while one follower is live, sessions end and requests run. */
export async function crowdOf({ child, url, token, pairs }: Server): Promise<Crowd> {
  const staying = pairs.shift()!.access_token;
  const live = new RawFollower(url, token);
  await live.completeAt;
  const idleRequests: number[] = [];
  const isOver = { value: false };
  const idle = callMe(url, staying, idleRequests, isOver);
  await delay(2000);
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
        await delay(100);
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

/** Sessions end while followers are live. */
export async function manyOf({ child, url, token, pairs }: Server, number: number): Promise<Many> {
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
  await delay(2000);
  const { milliseconds: cpuMilliseconds, result: delays } = await costOf(
    child,
    () => logOutAll(url, measured, all, { value: false }),
    measured.length,
  );
  const { residentBytes } = await child.usage();
  for (const one of all) one.leave();
  return { cpuMilliseconds, aloneMilliseconds: alone.milliseconds, delays, residentBytes };
}

/** The server's processor time for each act, minus its idle usage. */
async function costOf<T>(
  server: Child,
  acts: () => Promise<T>,
  number: number,
): Promise<{ milliseconds: number; result: T }> {
  const IDLE_SECONDS = 4;
  const first = await server.usage();
  await delay(IDLE_SECONDS * 1000);
  const before = await server.usage();
  const beganAt = performance.now();
  const result = await acts();
  const passed = (performance.now() - beganAt) / 1000;
  const after = await server.usage();
  const idle = ((before.cpuSeconds - first.cpuSeconds) / IDLE_SECONDS) * passed;
  return { milliseconds: ((after.cpuSeconds - before.cpuSeconds - idle) / number) * 1000, result };
}

/**
 * Ends sessions one after another. Returns the delay in milliseconds for each follower and session; `Infinity` for a
 * follower that was disconnected.
 */
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
    await delay(PAUSE_MILLISECONDS);
  }
  const end = performance.now() + 20_000;
  const isMissing = (): boolean =>
    listening.some(({ eventsAt }, at) => eventsAt.length - known[at]! < answeredAt.length);
  while (isMissing() && performance.now() < end) await delay(20);
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
    await delay(20);
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
