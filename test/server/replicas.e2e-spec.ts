import { jest } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { AccessTokens } from 'postern/tokens';
import { AppModule } from '../../src/server/app.module.js';
import { readConfig } from '../../src/config/config.js';
import { build, startBuiltServer, temporaryFolder } from '../support/built-server.js';
import type { BuiltServer } from '../support/built-server.js';
import { until } from '../support/until.js';

const secret = 'k7Qz0pVt3mXw9RbN2cLs8HyJ5dGf1aEuTiOoPqWe';
const password = 'seven small boats at noon';
const GRACE_MILLISECONDS = 10_000;
const BOUND_MILLISECONDS = 1000;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly code?: string };
}

/** The tokens that a client keeps. */
interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

const folder = temporaryFolder();
let database: TestDatabase;
let environment: Record<string, string>;
/** Two servers in separate processes that share only the database. */
let a: BuiltServer;
let b: BuiltServer;
/** Issues tokens with scopes, which users do not have by default. */
let mint: INestApplicationContext;
let people = 0;

beforeAll(async () => {
  build();
  database = await createTestDatabase();
  environment = { DATABASE_URL: database.url, POSTERN_SECRET: secret, POSTERN_ARGON2: 'm=7168,t=1,p=1', PORT: '0' };
  environment.POSTERN_ISSUER = 'http://localhost:3000';
  // The attacks come from one address.
  environment.POSTERN_LIMITS = 'token=off,mailAddress=off';
  [a, b] = await Promise.all([startBuiltServer(environment, folder.path), startBuiltServer(environment, folder.path)]);
  mint = await NestFactory.createApplicationContext(
    AppModule.forConfig(readConfig(environment), { databaseUrl: database.url, secret }),
    { logger: false, abortOnError: false },
  );
}, 300_000);

afterAll(async () => {
  await mint?.close();
  await Promise.all([a?.stop(), b?.stop()]);
  await database?.drop();
  folder.remove();
});

async function call(
  server: BuiltServer,
  method: string,
  path: string,
  { token, body }: { token?: string; body?: object } = {},
): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text ? JSON.parse(text) : {}) as Answer['body'] };
}

const refresh = (server: BuiltServer, token: string) =>
  call(server, 'POST', '/auth/refresh', { body: { refresh_token: token } });
const logIn = (server: BuiltServer, email: string) =>
  call(server, 'POST', '/auth/login', { body: { email, password } });
const accepts = async (server: BuiltServer, { access_token: token }: Tokens): Promise<boolean> => {
  const { status } = await call(server, 'GET', '/users/me', { token });
  if (status !== 200 && status !== 401) throw new Error(`Neither accepted nor rejected: ${status}`);
  return status === 200;
};
const tokensOf = ({ status, body }: Answer): Tokens => {
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body as unknown as Tokens;
};

async function somebody(): Promise<{ id: string; email: string }> {
  const email = `person${(people += 1)}@example.com`;
  const { status, body } = await call(a, 'POST', '/auth/register', { body: { email, password } });
  expect(status).toBe(201);
  return { id: body.id as string, email };
}

/** Measures the delay until the server rejects the token for good. */
async function millisecondsUntilRefused(server: BuiltServer, tokens: Tokens, since: number): Promise<number> {
  while (await accepts(server, tokens)) {
    if (performance.now() - since > 10 * BOUND_MILLISECONDS) throw new Error('still accepted');
  }
  const took = performance.now() - since;
  for (let again = 0; again < 20; again += 1) expect(await accepts(server, tokens)).toBe(false);
  return took;
}

// The servers promise this second. The machine also runs two servers, a database and this test, so an
// outlier is retried once; a defect fails twice.
jest.retryTimes(1, { logErrorsBeforeRetry: true });

describe('two server processes on one database', () => {
  it('replicas verify the tokens of each other', async () => {
    const { email } = await somebody();
    for (const [issuing, proving] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(await accepts(proving, tokensOf(await logIn(issuing, email)))).toBe(true);
    }
  });

  it('R2: 200 parallel refreshes of one token get one successor, and the session stays alive', async () => {
    const { email } = await somebody();
    let { refresh_token: token } = tokensOf(await logIn(a, email));
    for (let round = 0; round < 5; round += 1) {
      const presented = token;
      const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => refresh(n % 2 ? a : b, presented)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      const successors = new Set(answers.map((answer) => tokensOf(answer).refresh_token));
      expect(successors.size).toBe(1);
      [token] = [...successors] as [string];
      expect(token).not.toBe(presented);
      for (const answer of answers.slice(0, 4)) {
        expect(await accepts(a, tokensOf(answer))).toBe(true);
        expect(await accepts(b, tokensOf(answer))).toBe(true);
      }
    }
    expect((await refresh(b, token)).status).toBe(200);
  });

  it('R1: reuse of a refresh token after the grace window revokes the session with all its tokens', async () => {
    const { email } = await somebody();
    const first = tokensOf(await logIn(a, email));
    const second = tokensOf(await refresh(a, first.refresh_token));
    const bystander = tokensOf(await logIn(b, email));
    await delay(GRACE_MILLISECONDS + 200);

    const stolen = await refresh(b, first.refresh_token);
    const since = performance.now();
    expect([stolen.status, stolen.body.code]).toEqual([401, 'refresh-token-invalid']);
    for (const tokens of [first, second]) {
      expect(await accepts(b, tokens)).toBe(false);
      expect(await millisecondsUntilRefused(a, tokens, since)).toBeLessThan(BOUND_MILLISECONDS);
    }
    for (const server of [a, b]) {
      expect((await refresh(server, second.refresh_token)).status).toBe(401);
      expect((await refresh(server, first.refresh_token)).status).toBe(401);
      expect(await accepts(server, bystander)).toBe(true);
    }
  });

  it('a session that ends at one replica is rejected there at once and at the other within a second, 20 times', async () => {
    const { email } = await somebody();
    const stays = tokensOf(await logIn(a, email));
    const took: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const [here, there] = round % 2 ? [a, b] : [b, a];
      const tokens = tokensOf(await logIn(there, email));
      expect(await accepts(there, tokens)).toBe(true);
      expect((await call(here, 'POST', '/auth/logout', { token: tokens.access_token })).status).toBe(204);
      const since = performance.now();
      took.push(await millisecondsUntilRefused(there, tokens, since));
      expect(await accepts(here, tokens)).toBe(false);
      expect((await refresh(there, tokens.refresh_token)).status).toBe(401);
    }
    expect(Math.max(...took)).toBeLessThan(BOUND_MILLISECONDS);
    expect(await accepts(b, stays)).toBe(true);
  });

  it('login, refresh and guard reject a disabled user, and enabling restores no old session', async () => {
    const { id, email } = await somebody();
    const tokens = [tokensOf(await logIn(a, email)), tokensOf(await logIn(b, email))];
    const { token: admin } = await mint
      .get(AccessTokens)
      .issue({ subject: 'the administrator', scopes: ['users:write'] });
    const disabled = await call(a, 'POST', `/users/${id}/disable`, { token: admin });
    const since = performance.now();
    expect(disabled.status).toBe(200);

    for (const one of tokens) {
      expect(await accepts(a, one)).toBe(false);
      expect(await millisecondsUntilRefused(b, one, since)).toBeLessThan(BOUND_MILLISECONDS);
    }
    for (const server of [a, b]) {
      const { status, body } = await logIn(server, email);
      expect([status, body.code]).toEqual([401, 'invalid-credentials']);
      for (const one of tokens) expect((await refresh(server, one.refresh_token)).status).toBe(401);
    }
    expect((await call(b, 'POST', `/users/${id}/enable`, { token: admin })).status).toBe(200);
    for (const server of [a, b]) {
      for (const one of tokens) {
        expect((await refresh(server, one.refresh_token)).status).toBe(401);
        expect(await accepts(server, one)).toBe(false);
      }
      expect(await accepts(server, tokensOf(await logIn(server, email)))).toBe(true);
    }
  });

  it('S7: no token works after a logout at one replica races with refreshes at the other, 25 times', async () => {
    const { email } = await somebody();
    for (let round = 0; round < 25; round += 1) {
      const first = tokensOf(await logIn(a, email));
      const [logout, ...refreshed] = await Promise.all([
        call(a, 'POST', '/auth/logout', { token: first.access_token }),
        refresh(b, first.refresh_token),
        refresh(a, first.refresh_token),
      ]);
      const since = performance.now();
      expect(logout.status).toBe(204);
      for (const tokens of [first, ...refreshed.filter(({ status }) => status === 200).map(tokensOf)]) {
        expect((await refresh(b, tokens.refresh_token)).status).toBe(401);
        expect(await accepts(a, tokens)).toBe(false);
        expect(await millisecondsUntilRefused(b, tokens, since)).toBeLessThan(BOUND_MILLISECONDS);
      }
    }
  });

  it('I2: 200 parallel registrations of one address create one user', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        call(n % 2 ? a : b, 'POST', '/auth/register', {
          body: { email: ['race@example.com', 'RACE@example.com', ' race@EXAMPLE.com'][n % 3], password },
        }),
      ),
    );
    const told = answers.map(({ status, body }) => `${status} ${body.code ?? ''}`).sort();
    expect(told).toEqual(['201 ', ...Array.from({ length: 199 }, () => '409 email-taken')]);
    expect((await logIn(b, 'race@example.com')).status).toBe(200);
  });
});

describe('kill -9 of a replica', () => {
  // A test that fails leaves the replica dead, and is retried once.
  beforeEach(async () => {
    const isThere = await fetch(`${b.url}/health/live`).then(
      () => true,
      () => false,
    );
    if (!isThere) b = await startBuiltServer(environment, folder.path);
  });

  it('R7: kill -9 during refreshes loses no acknowledged refresh, three times', async () => {
    const { email } = await somebody();
    let clients = await Promise.all(
      Array.from({ length: 16 }, async () => tokensOf(await logIn(a, email)).refresh_token),
    );

    for (let round = 0; round < 3; round += 1) {
      let isDying = false;
      let answered = 0;
      const atWork = clients.map(async (first) => {
        let token = first;
        for (;;) {
          const answer = await refresh(b, token).catch((error: unknown) => {
            if (!isDying) throw error;
          });
          // There was no answer: the client has only the token that it presented.
          if (answer === undefined) return token;
          token = tokensOf(answer).refresh_token;
          answered += 1;
        }
      });
      // A new server is slow at first, so this waits for the first answer before it kills the server.
      await until(() => answered >= clients.length);
      await delay(50 + 100 * round);
      isDying = true;
      await b.stop('SIGKILL');
      const presented = await Promise.all(atWork);
      expect(presented).not.toEqual(clients);

      // The client retries at the other server: each refresh gets a successor, and retries get the same one.
      const [once, again] = [
        await Promise.all(presented.map((token) => refresh(a, token))),
        await Promise.all(presented.map((token) => refresh(a, token))),
      ];
      clients = once.map((answer) => tokensOf(answer).refresh_token);
      expect(again.map((answer) => tokensOf(answer).refresh_token)).toEqual(clients);
      for (const answer of once) expect(await accepts(a, tokensOf(answer))).toBe(true);
      b = await startBuiltServer(environment, folder.path);
      for (const answer of once) expect(await accepts(b, tokensOf(answer))).toBe(true);
    }
    const sessions = await call(a, 'GET', '/auth/sessions', { token: tokensOf(await logIn(a, email)).access_token });
    expect(sessions.body).toHaveLength(clients.length + 1);
  }, 240_000);

  it('R6: kill -9 restores no session that had ended by logout or theft', async () => {
    const { email } = await somebody();
    const loggedOut = tokensOf(await logIn(b, email));
    expect((await call(b, 'POST', '/auth/logout', { token: loggedOut.access_token })).status).toBe(204);
    const reused = tokensOf(await logIn(b, email));
    const second = tokensOf(await refresh(b, reused.refresh_token));
    const third = tokensOf(await refresh(b, second.refresh_token));
    expect((await refresh(b, reused.refresh_token)).status).toBe(401);

    await Promise.all([a.stop('SIGKILL'), b.stop('SIGKILL')]);
    [a, b] = await Promise.all([
      startBuiltServer(environment, folder.path),
      startBuiltServer(environment, folder.path),
    ]);
    for (const server of [a, b]) {
      for (const tokens of [loggedOut, reused, second, third]) {
        expect(await accepts(server, tokens)).toBe(false);
        expect((await refresh(server, tokens.refresh_token)).status).toBe(401);
      }
    }
  }, 240_000);
});
