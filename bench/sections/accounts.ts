import { randomUUID } from 'node:crypto';
import type { Request } from 'autocannon';
import type { Build } from '../build.js';
import { startChild } from '../cluster/child.js';
import type { Child } from '../cluster/child.js';
import { compare } from '../measurement/comparison.js';
import type { Contender, Standings } from '../measurement/comparison.js';
import { count, microseconds, ratio } from '../formatting.js';
import { CONNECTIONS, startLoad } from '../measurement/load.js';
import type { Load } from '../measurement/load.js';
import { serverCore } from '../measurement/machine.js';
import { addUsers, HASH, HASH_TEXT, logIn, PASSWORD, startPostern } from '../cluster/postern-server.js';
import type { Bench, Goal, Outcome, Section, Table } from '../section.js';

const USERS = 1024;
/** The code around a hash runs rarely; compiling all of it takes some thousand logins. */
const WARM_UP_SECONDS = 40;
/**
 * The working set of a hashing server exceeds the CPU caches, and a slice must be long enough to use it often. With
 * longer slices, logins that wait for a hash in a suspended server would be rejected.
 */
const SLICE_SECONDS = 0.25;
/** Under load the server answers logins in batches. A shorter turn would contain too few batches. */
const TURN_SECONDS = 4;
/** The kernel assigns the threads of a resumed process to cores again, and two threads may share one core at first. */
const ROOMY = { slice: 2, settling: 0.5 };
/** Ten huge pages of 2 MiB. 19 MiB would be nine of them and 256 small pages, which the kernel allocates one by one. */
const WHOLE_PAGES_KIB = 20_480;
const PROMISED_LOGIN = 0.9;
const PROMISED_REFRESHES = 800;
const NAMES = {
  refresh: 'refresh',
  hashes: `raw hashes, ${HASH_TEXT}`,
  wholePages: `raw hashes, ${HASH_TEXT.replace(String(HASH.memoryKiB), String(WHOLE_PAGES_KIB))}`,
  bare: `bare login, ${HASH_TEXT}`,
  login: `login, ${HASH_TEXT}`,
  roomy: `login, ${HASH_TEXT}, on every core`,
  register: `register, ${HASH_TEXT}`,
} as const;
const headers = { 'content-type': 'application/json' };

/** The throughput of the most used routes on one core. */
export const accounts: Section = {
  name: 'accounts',
  title: 'Login, registration and refresh',
  explains: `The built server with its default settings runs on one core; PostgreSQL and the load generator run on the other. *Raw
hashes* is a process on the same core that only verifies passwords, with the concurrency and the parameters of the
server (${HASH_TEXT}). A login and a registration compute one hash each. A refresh computes none;
each of the ${CONNECTIONS} connections presents the refresh token of its previous answer. A *bare login* is the minimum: Fastify
with one query, one hash, one row and two tokens, without Nest and without checks. The other steps of a login take several
times as long as they do without hashing, because each hash sweeps 19 MiB through the caches of the same core. The built
server therefore resolves up to eight hashes in one batch while others wait; the bare login resolves each alone. The second
row of raw hashes helps to choose the cost: Linux allocates whole huge pages (a multiple of 2,048 KiB) faster than a smaller
amount that does not fill them. Slices take ${SLICE_SECONDS * 1000} ms here, and turns ${TURN_SECONDS} seconds.
*On every core* is the same server with all cores and \`POSTERN_HASHES_AT_ONCE=1\`: one core hashes, the others do
everything else, including PostgreSQL and the load generator. It has its own comparison with the raw hashes. Its slices take
${ROOMY.slice} s and count after the first half second, because the kernel assigns the threads to cores again in each slice.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const databaseUrl = await bench.database();
  const onOneCore = await competing(async (start) => {
    // Each row has its own server; only one runs at a time. The first one creates the tables.
    const refreshed = await start(startPostern(databaseUrl));
    const loggedInTo = await start(startPostern(databaseUrl));
    const registeredAt = await start(startPostern(databaseUrl));
    const hashing = await start(hashRate(HASH.memoryKiB));
    const wholePages = await start(hashRate(WHOLE_PAGES_KIB));
    const bare = await start(
      startChild(new URL('../servers/bare-login.ts', import.meta.url), { environment: { DATABASE_URL: databaseUrl } }),
    );
    const emails = await addUsers(databaseUrl, USERS);
    const tokens: string[] = [];
    for (const email of emails.slice(0, CONNECTIONS)) tokens.push((await logIn(refreshed.url, email)).refresh_token);
    const contenders = [
      requesting(NAMES.refresh, refreshed, (connection) => [refreshing(tokens, connection)]),
      hashesOf(NAMES.hashes, hashing),
      hashesOf(NAMES.wholePages, wholePages),
      loginsAt(NAMES.bare, bare, emails),
      loginsAt(NAMES.login, loggedInTo, emails),
      requesting(NAMES.register, registeredAt, () => [registration()]),
    ];
    return compare(contenders, { ...bench, slice: SLICE_SECONDS, turn: TURN_SECONDS });
  });
  const compared = bench.builds.length > 1 ? [comparison(await raceBuilds(bench), bench.builds)] : [];
  // A platform that cannot pin processes has used every core already.
  if (serverCore === undefined) return outcomeOf(onOneCore, undefined, compared);
  const onEveryCore = await competing(async (start) => {
    const hashing = await start(hashRate(HASH.memoryKiB));
    const roomy = await start(
      startPostern(databaseUrl, { place: 'anywhere', environment: { POSTERN_HASHES_AT_ONCE: '1' } }),
    );
    const contenders = [
      hashesOf(NAMES.hashes, hashing),
      loginsAt(NAMES.roomy, roomy, await addUsers(databaseUrl, USERS)),
    ];
    return compare(contenders, { ...bench, ...ROOMY });
  });
  return outcomeOf(onOneCore, onEveryCore, compared);
}

/** A separate comparison: with more contenders, each would be suspended for so long that it rejects logins. */
function raceBuilds(bench: Bench): Promise<Standings> {
  return competing(async (start) => {
    const contenders: Contender[] = [];
    for (const build of bench.builds) {
      const databaseUrl = await bench.database();
      const refreshed = await start(startPostern(databaseUrl, {}, build));
      const loggedInTo = await start(startPostern(databaseUrl, {}, build));
      const emails = await addUsers(databaseUrl, USERS);
      const tokens: string[] = [];
      for (const email of emails.slice(0, CONNECTIONS)) tokens.push((await logIn(refreshed.url, email)).refresh_token);
      contenders.push(
        requesting(build.label(NAMES.refresh), refreshed, (connection) => [refreshing(tokens, connection)]),
        loginsAt(build.label(NAMES.login), loggedInTo, emails),
      );
    }
    return compare(contenders, { ...bench, slice: SLICE_SECONDS, turn: TURN_SECONDS });
  });
}

/** Refreshes and logins of each build, and the ratio of answers for the same processor time. */
function comparison(result: Standings, [own, former]: readonly Build[]): Table {
  return {
    columns: ['What', 'A second', 'Processor time each', 'Share of the compared build'],
    rows: [NAMES.refresh, NAMES.login].flatMap((name) => {
      const names = [own!.label(name), former!.label(name)] as const;
      return names.map((one) => [
        one,
        count(result.perSecond(one)),
        microseconds(result.cpuMicroseconds(one)),
        ratio(result.ratio(one, names[1])),
      ]);
    }),
  };
}

type Start = (starting: Promise<Child>) => Promise<Child>;

/** Runs the comparison and stops all processes that it has started. */
async function competing(compete: (start: Start) => Promise<Standings>): Promise<Standings> {
  const started: Child[] = [];
  try {
    return await compete(async (starting) => {
      const child = await starting;
      started.push(child);
      return child;
    });
  } finally {
    await Promise.all(started.map((child) => child.stop()));
  }
}

const requesting = (name: string, child: Child, requests: Load['requests']): Contender => ({
  name,
  child,
  start: () => startLoad({ url: child.url, requests }),
});

const loginsAt = (name: string, child: Child, emails: readonly string[]): Contender => ({
  ...requesting(name, child, (connection) => logins(emails, connection)),
  warmUpSeconds: WARM_UP_SECONDS,
});

/** The work starts with the first call for its count. */
const hashesOf = (name: string, child: Child): Contender => ({
  name,
  child,
  start: () => ({ count: () => child.ask<number>('count'), stop: () => Promise.resolve() }),
});

const hashRate = (memoryKiB: number): Promise<Child> =>
  startChild(new URL('../servers/hash-rate.ts', import.meta.url), { args: [String(memoryKiB)] });

function logins(emails: readonly string[], connection: number): Request[] {
  const share = emails.length / CONNECTIONS;
  return emails
    .slice((connection % CONNECTIONS) * share)
    .slice(0, share)
    .map((email) => ({
      method: 'POST',
      path: '/auth/login',
      headers,
      body: JSON.stringify({ email, password: PASSWORD }),
    }));
}

function registration(): Request {
  return {
    method: 'POST',
    path: '/auth/register',
    headers,
    setupRequest: (request) => ({
      ...request,
      body: JSON.stringify({ email: `${randomUUID()}@bench.test`, password: PASSWORD }),
    }),
  };
}

function refreshing(tokens: string[], connection: number): Request {
  const at = connection % CONNECTIONS;
  return {
    method: 'POST',
    path: '/auth/refresh',
    headers,
    setupRequest: (request) => ({ ...request, body: JSON.stringify({ refresh_token: tokens[at] }) }),
    onResponse: (status, body) => {
      if (status === 200) tokens[at] = (JSON.parse(body) as { refresh_token: string }).refresh_token;
    },
  };
}

function outcomeOf(onOneCore: Standings, onEveryCore?: Standings, compared: readonly Table[] = []): Outcome {
  const { hashes, login, roomy, refresh } = NAMES;
  const refreshes = onOneCore.perSecond(refresh);
  return {
    tables: [
      ...[onOneCore, ...(onEveryCore === undefined ? [] : [onEveryCore])].map((result) => ({
        columns: ['What', 'A second', 'Share of the raw hashes', 'Processor time each', 'Cores used'],
        rows: result.names.map((name) => [
          name,
          count(result.perSecond(name)),
          name === refresh ? '–' : ratio(result.paceRatio(name, hashes)),
          microseconds(result.cpuMicroseconds(name)),
          ratio(result.cores(name)),
        ]),
      })),
      ...compared,
    ],
    goals: [
      loginGoal('all on one core', onOneCore.paceRatio(login, hashes)),
      ...(onEveryCore === undefined ? [] : [loginGoal('on every core', onEveryCore.paceRatio(roomy, hashes))]),
      {
        promise: `refreshes ≥ ${count(PROMISED_REFRESHES)} a second on one core, with PostgreSQL`,
        reached: `${count(refreshes)} a second`,
        isMet: refreshes >= PROMISED_REFRESHES,
      },
    ],
  };
}

function loginGoal(where: string, reached: number): Goal {
  return {
    promise: `logins ≥ ${ratio(PROMISED_LOGIN)} of the raw hash rate, ${where}`,
    reached: ratio(reached),
    isMet: reached >= PROMISED_LOGIN,
  };
}
