import { hash } from '@node-rs/argon2';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { workingTree } from '../build.js';
import type { Build } from '../build.js';
import { startChild } from './child.js';
import type { Child, Launch } from './child.js';
import { query } from './databases.js';

/** `Algorithm.Argon2id`, whose const enum does not exist at run time. */
const ARGON2ID = 2;

/** The hash parameters of the bench: the defaults of `PasswordModule`. */
export const HASH = { memoryKiB: 19_456, iterations: 2, parallelism: 1 };
/** The hash parameters in the notation of the figures. */
export const HASH_TEXT = `argon2id m=${HASH.memoryKiB},t=${HASH.iterations},p=${HASH.parallelism}`;
/** The password of every user of the bench. */
export const PASSWORD = 'violet kettle under the eleventh bridge';

const SERVER = { POSTERN_ISSUER: 'http://localhost:3000', POSTERN_SECRET: 'kT3vQ9zLr7Wm2Xc8Yp5Nd1Hs6Bf4Gj0Ae' };

/** Starts the built server in production mode with the required settings and the given ones. */
export function startPostern(
  databaseUrl: string | undefined,
  launch: Launch = {},
  build: Build = workingTree,
): Promise<Child> {
  return startChild(build.program('dist/src/main.js'), {
    ...launch,
    environment: {
      ...(databaseUrl === undefined ? { NODE_ENV: 'development' } : { DATABASE_URL: databaseUrl, ...SERVER }),
      LOG_LEVEL: 'error',
      ...launch.environment,
    },
  });
}

/** Creates a service token with the `token` command. */
export async function serviceToken(databaseUrl: string, scope: string, build: Build = workingTree): Promise<string> {
  const program = fileURLToPath(build.program('dist/src/cli/token.js', 'dist/src/token.js'));
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--scope', scope, '--subject', 'bench'], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_ENV: 'production',
      DATABASE_URL: databaseUrl,
      ...SERVER,
    },
  });
  return stdout.trim();
}

/**
 * Inserts users with {@link PASSWORD} into a server's database and returns their addresses. All users share one hash.
 */
export async function addUsers(databaseUrl: string, count: number): Promise<string[]> {
  const users = Array.from({ length: count }, () => ({ id: randomUUID(), email: `${randomUUID()}@bench.test` }));
  const stored = await hash(PASSWORD, {
    algorithm: ARGON2ID,
    memoryCost: HASH.memoryKiB,
    timeCost: HASH.iterations,
    parallelism: HASH.parallelism,
  });
  const ids = users.map(({ id }) => id);
  const emails = users.map(({ email }) => email);
  await query(
    databaseUrl,
    `WITH made AS (
       INSERT INTO users (id, email, created_at, updated_at)
       SELECT id, email, now(), now() FROM unnest($1::uuid[], $2::text[]) AS u (id, email) RETURNING id)
     INSERT INTO password_credentials (user_id, hash, changed_at) SELECT id, $3, now() FROM made`,
    [ids, emails, stored],
  );
  return emails;
}

/** The answer of `POST /auth/login`. */
export interface Pair {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** Logs in by HTTP. */
export async function logIn(server: string, email: string): Promise<Pair> {
  const answer = await fetch(`${server}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: PASSWORD }),
  });
  if (!answer.ok) throw new Error(`A login of the bench failed with ${answer.status}.`);
  return (await answer.json()) as Pair;
}
