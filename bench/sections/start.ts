import { setTimeout as delay } from 'node:timers/promises';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Build } from '../build.js';
import { untilCalm } from '../measurement/machine-load.js';
import { median } from '../measurement/comparison.js';
import { megabytes, seconds } from '../formatting.js';
import { addUsers, startPostern } from '../cluster/postern-server.js';
import type { Bench, Outcome, Section } from '../section.js';

const STARTS = 5;
const REST_SECONDS = 5;
const PROMISED_SECONDS = 2.5;
const PROMISED_BYTES = 180e6;

interface Start {
  readonly seconds: number;
  readonly residentBytes: number;
}

/** A way to start a build, and the measured starts. */
interface Row {
  readonly name: string;
  readonly start: () => Promise<Start>;
  readonly starts: Start[];
}

/** The start-up time, and the memory of an idle server. */
export const start: Section = {
  name: 'start',
  title: 'Start and memory at rest',
  explains: `The time counts from the creation of the process to the line with its URL, on both cores, with existing tables, keys and
users. The time includes the start of the embedded PostgreSQL; the memory does not include its memory. Memory is the
resident set ${REST_SECONDS} seconds later. Swagger UI is on. Loading modules takes nearly all of the time; Nest also loads
\`@nestjs/microservices\` and \`@nestjs/websockets\` if they are installed, as they are in this repository for its tests.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const databaseUrl = await bench.database();
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-start-'));
  // PostgreSQL runs as another user if root starts it, and that user needs access to this folder.
  await chmod(folder, 0o755);
  try {
    const rows: Row[] = [];
    for (const build of bench.builds) {
      const own = build === bench.builds[0];
      const url = own ? databaseUrl : await bench.database();
      const cwd = own ? folder : await mkdtemp(join(folder, 'compared-'));
      await chmod(cwd, 0o755);
      rows.push({ name: build.label('with `DATABASE_URL`'), start: () => once(build, url, cwd), starts: [] });
      rows.push({
        name: build.label('with the embedded PostgreSQL'),
        start: () => once(build, undefined, cwd),
        starts: [],
      });
      for (const row of rows.slice(-2)) await row.start();
      await addUsers(url, 1000);
    }
    for (let round = 0; round < (bench.isQuick ? 1 : STARTS); round += 1) {
      for (const row of rows) row.starts.push(await row.start());
    }
    return outcomeOf(rows);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function once(build: Build, databaseUrl: string | undefined, cwd: string): Promise<Start> {
  await untilCalm();
  const server = await startPostern(databaseUrl, { cwd, place: 'anywhere' }, build);
  try {
    await delay(REST_SECONDS * 1000);
    return { seconds: server.startSeconds, residentBytes: (await server.usage()).residentBytes };
  } finally {
    await server.stop();
  }
}

function outcomeOf(rows: readonly Row[]): Outcome {
  const figures = rows.map(({ name, starts }) => ({
    name,
    time: median(starts.map((one) => one.seconds)),
    memory: median(starts.map((one) => one.residentBytes)),
  }));
  // The first two rows belong to the working tree.
  const time = Math.max(...figures.slice(0, 2).map((figure) => figure.time));
  const memory = Math.max(...figures.slice(0, 2).map((figure) => figure.memory));
  return {
    tables: [
      {
        columns: ['Server', 'Start to listening', 'Resident memory at rest'],
        rows: figures.map((figure) => [figure.name, seconds(figure.time), megabytes(figure.memory)]),
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
