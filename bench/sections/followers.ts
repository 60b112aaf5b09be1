import type { Build } from '../build.js';
import { count, megabytes, milliseconds, ratio, seconds } from '../formatting.js';
import { crowdOf, LOGOUTS, manyOf, PAUSE_MILLISECONDS, RETURNING, withServer } from '../measurement/follower-trials.js';
import type { Crowd, Many } from '../measurement/follower-trials.js';
import type { Bench, Goal, Outcome, Section } from '../section.js';

const HELD = 100_000;
const FOLLOWERS = 1000;
const PROMISED_P99 = 250;
const PROMISED_MEGABYTES = 250;
const PROMISED_CROWD = 0.1;
const PROMISED_REVOCATION = 0.4;

interface Measured {
  readonly name: string;
  readonly crowd: Crowd;
  readonly many: Many;
}

/** The server's cost of many followers, and the delay until each receives a revocation. */
export const followers: Section = {
  name: 'followers',
  title: 'Many followers',
  explains: `The server runs on one core; the followers, which count events and verify none, run on the other. First, ${RETURNING} followers
connect at once to a server with ${count(HELD)} revocations. Until each has its snapshot, one follower is live, \`POST /auth/logout\` ends
sessions, and \`GET /users/me\` is called every 20 ms. Then ${count(FOLLOWERS)} followers are live while ${LOGOUTS} sessions are ended, one every ${PAUSE_MILLISECONDS} ms. A delay
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

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
