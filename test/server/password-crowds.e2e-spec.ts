import { Agent, request } from 'node:http';
import { PosternModule } from 'postern';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { until } from '../support/until.js';

const PASSWORD = 'seven small boats at noon';
const IN_FLIGHT = 200;
const PEOPLE = 27;

interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly address: string;
  readonly body: object;
  readonly token?: string;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

const logIn = (address: string, email: string, password: string): Attempt => ({
  method: 'POST',
  path: '/auth/login',
  address,
  body: { email, password },
});

describe.each(['fastify', 'express'] as const)('logins during many password guesses on %s', (adapter) => {
  let database: TestDatabase;
  let app: TestApplication;
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const people = Array.from({ length: PEOPLE }, (_, index) => ({
    email: `person${index}@example.com`,
    address: `198.51.100.${index + 1}`,
  }));
  const [victim] = people;
  let token: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const postern = PosternModule.forRoot({
      issuer: 'https://id.example.test',
      secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
      databaseUrl: database.url,
      password: {
        argon2: { memoryKiB: 2048, iterations: 1 },
        hashing: { concurrency: 1, maximumWaiting: 64 },
      },
      // The limits would end each crowd before it fills the queue.
      limits: { accountNetwork: false, account: false, network: false, failures: false, confirmation: false },
    });
    app = await startTestApplication(postern, { adapter, http: { trustProxy: 'loopback' } });
    for (const { email } of people) {
      await app.call('POST', '/auth/register', { body: { email, password: PASSWORD } });
    }
    const body = { email: victim!.email, password: PASSWORD };
    token = (await app.call<{ access_token: string }>('POST', '/auth/login', { body })).body.access_token;
  });
  afterAll(async () => {
    agent.destroy();
    await app?.close();
    await database?.drop();
  });

  function send({ method, path, address, body, token: bearer }: Attempt): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const text = JSON.stringify(body);
      const headers = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
        'x-forwarded-for': address,
        ...(bearer && { authorization: `Bearer ${bearer}` }),
      };
      request(app.url + path, { method, agent, headers }, (response) => {
        response.resume().once('end', () => {
          resolve({ status: response.statusCode!, retryAfter: response.headers['retry-after'] });
        });
      })
        .once('error', reject)
        .end(text);
    });
  }

  /** Keeps the given number of guesses in flight. */
  function crowd(guess: (index: number) => Attempt): { answers: Answer[]; stop: () => Promise<void> } {
    const answers: Answer[] = [];
    const state = { isOver: false };
    const lanes = Array.from({ length: IN_FLIGHT }, async (_, lane) => {
      for (let round = 0; !state.isOver; round += 1) answers.push(await send(guess(lane + round * IN_FLIGHT)));
    });
    return { answers, stop: () => ((state.isOver = true), Promise.all(lanes).then(() => undefined)) };
  }

  const crowds: [string, number, (index: number) => Attempt][] = [
    [
      'one address guesses the passwords of many accounts',
      401,
      (index) => logIn('203.0.113.7', `a${index}@b.test`, 'x'),
    ],
    [
      'one IPv6 network guesses the password of one account',
      401,
      (index) => logIn(`2001:db8:0:7::${(index % 9999) + 1}`, victim!.email, 'x'),
    ],
    [
      'many addresses guess the password of one account',
      401,
      (index) => logIn(`203.0.113.${(index % 10) + 1}`, victim!.email, 'x'),
    ],
    [
      'one session guesses the password by changing it',
      403,
      () => ({
        method: 'POST',
        path: '/auth/password/change',
        address: '203.0.113.7',
        body: { currentPassword: 'x', newPassword: 'nine grey herons by the weir' },
        token,
      }),
    ],
    [
      'one session guesses the password by deleting the account',
      403,
      () => ({ method: 'DELETE', path: '/users/me', address: '203.0.113.7', body: { password: 'x' }, token }),
    ],
  ];

  it.each(crowds)('all logins succeed while %s', async (_, wrong, guess) => {
    const { answers, stop } = crowd(guess);
    await until(() => answers.some(({ status }) => status === 503));
    const outcomes = await Promise.all(people.map(({ email, address }) => send(logIn(address, email, PASSWORD))));
    await stop();
    expect(outcomes.map(({ status }) => status)).toEqual(people.map(() => 200));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([wrong, 503]));
    expect(answers.filter(({ status, retryAfter }) => status === 503 && retryAfter !== '5')).toEqual([]);
  });
});
