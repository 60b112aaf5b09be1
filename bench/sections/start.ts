import { setTimeout as sleep } from 'node:timers/promises';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilCalm } from '../calm.js';
import { median } from '../contest.js';
import { megabytes, seconds } from '../figures.js';
import { addUsers, startPostern } from '../postern-server.js';
import type { Bench, Outcome, Section } from '../section.js';

const STARTS = 5;
const REST_SECONDS = 5;
const PROMISED_SECONDS = 2.5;
const PROMISED_BYTES = 180e6;

interface Start {
  readonly seconds: number;
  readonly residentBytes: number;
}

/** How long a start takes, and what the server holds when nobody asks anything. */
export const start: Section = {
  name: 'start',
  title: 'Start and memory at rest',
  explains: `From the creation of the process to the line that says where it listens, on both cores, with existing data: tables,
keys and users are there. With the embedded PostgreSQL its start is part of the time, but its memory is not part of the
memory. Memory is what is resident ${REST_SECONDS} seconds later. Swagger UI is on. Nearly all of the time goes into
reading modules; Nest reads \`@nestjs/microservices\` and \`@nestjs/websockets\` as well where it finds them, as it does in
this repository, whose tests need them.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const databaseUrl = await bench.database();
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-start-'));
  // Started by root, PostgreSQL runs as another user, who has to pass through here.
  await chmod(folder, 0o755);
  try {
    const given = (): Promise<Start> => once(databaseUrl, folder);
    const embedded = (): Promise<Start> => once(undefined, folder);
    await given();
    await embedded();
    await addUsers(databaseUrl, 1000);
    const starts: { given: Start; embedded: Start }[] = [];
    for (let round = 0; round < (bench.isQuick ? 1 : STARTS); round += 1)
      starts.push({ given: await given(), embedded: await embedded() });
    return outcomeOf(starts);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function once(databaseUrl: string | undefined, cwd: string): Promise<Start> {
  await untilCalm();
  const server = await startPostern(databaseUrl, { cwd, place: 'anywhere' });
  try {
    await sleep(REST_SECONDS * 1000);
    return { seconds: server.startSeconds, residentBytes: (await server.usage()).residentBytes };
  } finally {
    await server.stop();
  }
}

function outcomeOf(starts: readonly { given: Start; embedded: Start }[]): Outcome {
  const figures = (kind: 'given' | 'embedded') => ({
    time: median(starts.map((one) => one[kind].seconds)),
    memory: median(starts.map((one) => one[kind].residentBytes)),
  });
  const given = figures('given');
  const embedded = figures('embedded');
  const time = Math.max(given.time, embedded.time);
  const memory = Math.max(given.memory, embedded.memory);
  return {
    tables: [
      {
        columns: ['Server', 'Start to listening', 'Resident memory at rest'],
        rows: [
          ['with `DATABASE_URL`', seconds(given.time), megabytes(given.memory)],
          ['with the embedded PostgreSQL', seconds(embedded.time), megabytes(embedded.memory)],
        ],
      },
    ],
    goals: [
      {
        promise: `start to listening ≤ ${seconds(PROMISED_SECONDS)}, with existing data`,
        reached: seconds(time),
        isMet: time <= PROMISED_SECONDS,
      },
      {
        promise: `resident memory at rest ≤ ${megabytes(PROMISED_BYTES)}, without the database`,
        reached: megabytes(memory),
        isMet: memory <= PROMISED_BYTES,
      },
    ],
  };
}
