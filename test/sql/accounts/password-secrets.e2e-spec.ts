import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { PosternModule } from 'postern';
import { BreachLookupFailed } from 'postern/password';
import type { PasswordSettings } from 'postern/password';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { DataSource } from 'typeorm';

const secret = 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-pepper';
const password = 'seven small boats at noon';
const [old, next] = ['q8Zr5Tn1Vb4Ks7Wd2Lx9Hc6Jf3Mg0Py-old', 'u3Ea6Yo9Si2Xk5Bv8Cq1Nt4Gz7Rh0Dw-new'];

let database: TestDatabase;
const open = new Set<TestApplication>();
const log: string[] = [];

async function start(settings: PasswordSettings): Promise<TestApplication> {
  const module = PosternModule.forRoot({
    issuer: 'http://localhost:3000',
    secret,
    databaseUrl: database.url,
    password: settings,
  });
  const note = (line: unknown): void => void log.push(String(line));
  const app = await startTestApplication(module, { logger: { log: () => undefined, warn: note, error: note } });
  open.add(app);
  return app;
}

const register = (app: TestApplication, email: string, chosen = password) =>
  app.call('POST', '/auth/register', { body: { email, password: chosen } });
const logIn = async (app: TestApplication, email: string) =>
  (await app.call('POST', '/auth/login', { body: { email, password } })).status;
async function hashOf(app: TestApplication, email: string): Promise<string> {
  const sql = 'SELECT hash FROM password_credentials JOIN users ON id = user_id WHERE email = $1';
  const [row] = await app.nest.get(DataSource).query<{ hash: string }[]>(sql, [email]);
  return row!.hash;
}

beforeEach(async () => {
  database = await createTestDatabase();
  log.length = 0;
});

afterEach(async () => {
  await Promise.all([...open].map((app) => app.close()));
  open.clear();
  await database.drop();
});

describe('the pepper of passwords', () => {
  it('a login gives the hash the current pepper, a change keeps every login, and without its pepper no password matches', async () => {
    const email = 'ada@example.com';
    const without = await start({});
    await register(without, email);
    const bare = await hashOf(without, email);
    expect(bare).not.toContain('keyid');

    const first = await start({ pepper: old });
    expect(await logIn(first, email)).toBe(200);
    const peppered = await hashOf(first, email);
    expect(peppered).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=[A-Za-z\d+/]{8}\$/);
    expect(await logIn(without, email)).toBe(401);

    const second = await start({ pepper: next, previousPeppers: [old] });
    expect(await logIn(second, email)).toBe(200);
    const renewed = await hashOf(second, email);
    expect(renewed.split('$')[3]).not.toBe(peppered.split('$')[3]);
    expect(await logIn(first, email)).toBe(401);
    expect(log.filter((line) => line.includes('pepper that is missing'))).toHaveLength(2);
    expect(log.join('\n')).not.toMatch(/old|u3Ea6/);

    const removed = await start({ previousPeppers: [next] });
    expect(await logIn(removed, email)).toBe(200);
    expect(await hashOf(removed, email)).not.toContain('keyid');
  });
});

describe('the look-up of breached passwords', () => {
  let service: Server;
  let respond: (request: IncomingMessage, response: ServerResponse) => void;
  const asked: IncomingMessage[] = [];
  const breached = 'nine grey herons by the weir';
  const sha1 = createHash('sha1').update(breached).digest('hex').toUpperCase();
  const reasons: string[] = [];

  beforeEach(async () => {
    asked.length = reasons.length = 0;
    service = createServer((request, response) => {
      asked.push(request);
      respond(request, response);
    }).listen(0, '127.0.0.1');
    await once(service, 'listening');
  });

  afterEach(() => {
    service.closeAllConnections();
    service.close();
  });

  async function startWithLookUp(): Promise<TestApplication> {
    const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}/range/`;
    const app = await start({ breach: { url, timeoutSeconds: 3 } });
    app.nest
      .get(EventEmitter2)
      .on(BreachLookupFailed.type, ({ reason }: BreachLookupFailed) => void reasons.push(reason));
    return app;
  }

  it('rejects a breached password, sends five characters of its SHA-1, and ignores padding', async () => {
    const padding = `${'0'.repeat(34)}A:0`;
    let count = 0;
    respond = (_request, response) => void response.end([padding, `${sha1.slice(5)}:${count}`].join('\r\n'));
    const app = await startWithLookUp();
    // A line with the count 0 is padding.
    expect((await register(app, 'ada@example.com', breached)).status).toBe(201);
    count = 3;
    expect(await register(app, 'bob@example.com', breached)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/password', code: 'password-breached' }] },
    });
    expect(asked.map(({ url, headers }) => [url, headers['add-padding']])).toEqual(
      Array.from({ length: 2 }, () => [`/range/${sha1.slice(0, 5)}`, 'true']),
    );
    expect((await register(app, 'bob@example.com')).status).toBe(201);
  });

  it('accepts the password and publishes an event while the service fails, hangs, redirects, or sends too much', async () => {
    const app = await startWithLookUp();
    const failures: [typeof respond, RegExp][] = [
      [(_request, response) => void response.writeHead(503).end(), /^status 503$/],
      [() => undefined, /timeout/],
      [(_request, response) => void response.writeHead(302, { location: '/elsewhere' }).end(), /redirect|fetch/],
      [(_request, response) => void response.end('x'.repeat(1_100_000)), /more than/],
      [(request) => void request.socket.destroy(), /UND_ERR_SOCKET|ECONNRESET/],
    ];
    for (const [index, [failure, reason]] of failures.entries()) {
      respond = failure;
      expect((await register(app, `user${index}@example.com`, breached)).status).toBe(201);
      expect(reasons.at(-1)).toMatch(reason);
    }
    expect(reasons).toHaveLength(failures.length);
    expect(log.filter((line) => line.includes('look-up of breached passwords'))).toHaveLength(1);
    expect(`${log.join()}${reasons.join()}`).not.toContain(sha1.slice(0, 5));
  });
});
