import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from '../cluster/child.js';
import type { Child } from '../cluster/child.js';
import { serviceTokens, startCluster, untilKnown } from '../cluster/cluster.js';
import { addUsers, HASH_TEXT, PASSWORD } from '../cluster/postern-server.js';
import { megabytes, microseconds, milliseconds, ratio } from '../formatting.js';
import { compare } from '../measurement/comparison.js';
import type { Standings } from '../measurement/comparison.js';
import { CONNECTIONS, startLoad } from '../measurement/load.js';
import { VerifierLoad } from '../measurement/verifier-load.js';
import type { Bench, Goal, Outcome, Section } from '../section.js';

const LOGINS = 400;
const VERIFICATIONS_A_SECOND = 100;
const PROBE_MILLISECONDS = 50;
const USERS = 1024;
const NAMES = {
  postgres: 'with limits, in PostgreSQL',
  redis: 'with limits, in Redis',
  off: 'without limits',
} as const;
const REDIS_URL = 'redis://127.0.0.1:6379';
const headers = { 'content-type': 'application/json' };

interface Answer {
  readonly status: number;
  readonly milliseconds: number;
}

/** A storm and what others noticed of it. */
interface Storm {
  readonly name: string;
  readonly answers: readonly Answer[];
  readonly verifications: readonly number[];
  readonly liveProbes: readonly number[];
  readonly residentBytes: number;
}

/** Many logins at once, and the cost of the limits. */
export const storm: Section = {
  name: 'storm',
  title: 'A storm of logins, and the cost of limits',
  explains: `${LOGINS} logins (${HASH_TEXT}) arrive at one server at once, while another process verifies ${VERIFICATIONS_A_SECOND} tokens a second with
\`postern/auth\` and a probe calls \`/health/live\` of the storming server each ${PROBE_MILLISECONDS} ms. Server, service, PostgreSQL, and the load
generator share all cores. *Honest*: the right passwords of ${LOGINS} users. *One account*: wrong passwords of one account, which the limits
end. Times are those of the client, from the request to its answer. The cost of limits is the processor time of the server for a
successful login whose hasher accepts every password, with and without limits.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const databaseUrl = await bench.database();
  const storms = await stormsAt(databaseUrl);
  const costs = await costsAt(databaseUrl, bench);
  return outcomeOf(storms, costs);
}

async function stormsAt(databaseUrl: string): Promise<Storm[]> {
  const cluster = await startCluster({ databaseUrl, issuers: 1, resources: 1 });
  try {
    const [issuer, resource] = [cluster.issuers[0]!, cluster.resources[0]!];
    const emails = await addUsers(databaseUrl, LOGINS + 1);
    const [token] = await serviceTokens(issuer, 'bench');
    await untilKnown(resource);
    const stormWith = (name: string, bodyOf: (index: number) => object) => rage(name, issuer, resource, token!, bodyOf);
    // Compiles the code of a login first; its figures do not count.
    await stormWith('warm-up', (index) => ({ email: emails[index], password: PASSWORD }));
    return [
      await stormWith('honest', (index) => ({ email: emails[index], password: PASSWORD })),
      await stormWith('one account', () => ({ email: emails[LOGINS], password: 'wrong' })),
    ];
  } finally {
    await cluster.stop();
  }
}

async function rage(
  name: string,
  issuer: Child,
  resource: Child,
  token: string,
  bodyOf: (index: number) => object,
): Promise<Storm> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const verifications: number[] = [];
  const liveProbes: number[] = [];
  const load = new VerifierLoad(resource, VERIFICATIONS_A_SECOND, () => ({
    token,
    answered: (status, sentAt, answeredAt) => {
      if (status === 200) verifications.push(answeredAt - sentAt);
    },
  }));
  await delay(1000);
  verifications.length = 0;
  const state = { isOver: false };
  const probing = (async () => {
    while (!state.isOver) {
      liveProbes.push((await send(issuer, agent, 'GET', '/health/live')).milliseconds);
      await delay(PROBE_MILLISECONDS);
    }
  })();
  let residentBytes = 0;
  const watching = (async () => {
    while (!state.isOver) {
      residentBytes = Math.max(residentBytes, (await issuer.usage()).residentBytes);
      await delay(100);
    }
  })();
  const answers = await Promise.all(
    Array.from({ length: LOGINS }, (_, index) => send(issuer, agent, 'POST', '/auth/login', bodyOf(index))),
  );
  // A storm that ends early must still give the probes something to count.
  await delay(500);
  state.isOver = true;
  await Promise.all([probing, watching]);
  load.stop();
  agent.destroy();
  return { name, answers, verifications, liveProbes, residentBytes };
}

function send(server: Child, agent: Agent, method: string, path: string, body?: object): Promise<Answer> {
  const sentAt = performance.now();
  return new Promise((resolve, reject) => {
    request(server.url + path, { method, agent, headers: body ? headers : {} }, (response) => {
      response.resume().once('end', () => {
        resolve({ status: response.statusCode!, milliseconds: performance.now() - sentAt });
      });
    })
      .once('error', reject)
      .end(body && JSON.stringify(body));
  });
}

/** The processor time of logins without a hash, with each store and without limits. */
async function costsAt(databaseUrl: string, bench: Bench): Promise<Standings> {
  const started: Child[] = [];
  const start = async (environment: Record<string, string>): Promise<Child> => {
    const child = await startChild(new URL('../servers/unhashed-login.ts', import.meta.url), {
      environment: { DATABASE_URL: databaseUrl, ...environment },
    });
    started.push(child);
    return child;
  };
  try {
    const servers = {
      [NAMES.off]: await start({ BENCH_LIMITS: 'off' }),
      [NAMES.postgres]: await start({}),
      [NAMES.redis]: await start({ REDIS_URL }),
    };
    const emails = await addUsers(databaseUrl, USERS);
    const contenders = Object.entries(servers).map(([name, child]) => ({
      name,
      child,
      start: () => startLoad({ url: child.url, requests: (connection) => logins(emails, connection) }),
    }));
    return await compare(contenders, bench);
  } finally {
    await Promise.all(started.map((child) => child.stop()));
  }
}

function logins(emails: readonly string[], connection: number) {
  const share = emails.length / CONNECTIONS;
  return emails.slice((connection % CONNECTIONS) * share, ((connection % CONNECTIONS) + 1) * share).map((email) => ({
    method: 'POST' as const,
    path: '/auth/login',
    headers,
    body: JSON.stringify({ email, password: PASSWORD }),
  }));
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? Number.NaN;
}

const isExcess = ({ status }: Answer): boolean => status === 429 || status === 503;
const timesOf = (answers: readonly Answer[]): number[] => answers.map(({ milliseconds: time }) => time);

function outcomeOf(storms: readonly Storm[], costs: Standings): Outcome {
  const cpu = (name: string) => costs.cpuMicroseconds(name);
  const cost = (name: string) => cpu(name) / cpu(NAMES.off) - 1;
  const verification = Math.max(...storms.map(({ verifications }) => p99(verifications)));
  const live = Math.max(...storms.map(({ liveProbes }) => p99(liveProbes)));
  const excess = p99(timesOf(storms.flatMap(({ answers }) => answers.filter(isExcess))));
  const resident = Math.max(...storms.map(({ residentBytes }) => residentBytes));
  return {
    tables: [
      {
        columns: [
          'Storm',
          '200',
          '401',
          '429',
          '503',
          'Last answer',
          'Excess p99',
          'Verification p99',
          '/health/live p99',
          'Memory',
        ],
        rows: storms.map(({ name, answers, verifications, liveProbes, residentBytes }) => [
          name,
          ...[200, 401, 429, 503].map((status) => String(answers.filter((answer) => answer.status === status).length)),
          milliseconds(Math.max(...timesOf(answers))),
          answers.some(isExcess) ? milliseconds(p99(timesOf(answers.filter(isExcess)))) : '–',
          `${p99(verifications).toFixed(1)} ms`,
          `${p99(liveProbes).toFixed(1)} ms`,
          megabytes(residentBytes),
        ]),
      },
      {
        columns: ['Login without its hash', 'Processor time each', 'Cost of the limits'],
        rows: costs.names.map((name) => [
          name,
          microseconds(cpu(name)),
          name === NAMES.off ? '–' : `${(cost(name) * 100).toFixed(1)} %`,
        ]),
      },
    ],
    goals: [
      goal('verification p99 < 5 ms during the storm', verification, 5, 'ms'),
      goal('/health/live p99 < 50 ms during the storm', live, 50, 'ms'),
      goal('excess is answered within 100 ms (p99)', excess, 100, 'ms'),
      goal('memory < 512 MB', resident / 1e6, 512, 'MB'),
      goal('limits cost a login < 5 % of its processor time without the hash', cost(NAMES.postgres) * 100, 5, '%'),
      goal('the same with Redis', cost(NAMES.redis) * 100, 5, '%'),
    ],
  };
}

const goal = (promise: string, reached: number, bound: number, unit: string): Goal => ({
  promise,
  reached: `${ratio(reached)} ${unit}`,
  isMet: reached < bound,
});
