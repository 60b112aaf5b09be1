import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createHttpAdapter } from 'postern';
import { NestFactory } from '@nestjs/core';
import type { INestApplication } from '@nestjs/common';
import { createTestDatabase, TestIssuer } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { RolesService, UserRolesService } from 'postern/roles';
import { AccessTokens } from 'postern/tokens';
import { UsersService } from 'postern/users';
import { build } from '../support/built-server.js';
import { until } from '../support/until.js';
import { AcmeModule } from '../fixtures/acme/acme.module.js';
import type { Employee } from '../fixtures/acme/employees/employee.entity.js';

const PASSWORD = 'seven small boats at noon';

/** The packages that a service does not install if it only accepts tokens. */
const NOT_INSTALLED = [
  'typeorm',
  '@nestjs/typeorm',
  'pg',
  '@nestjs/swagger',
  '@node-rs/argon2',
  'bcrypt',
  '@nestjs/event-emitter',
  '@nestjs/terminus',
  '@nestjs/microservices',
  '@nats-io/transport-node',
  '@grpc/grpc-js',
  'ioredis',
  'class-validator',
  'class-transformer',
  'helmet',
  'uuid',
];

interface Started {
  readonly addresses: Record<string, string>;
  readonly resolvable: string[];
}

describe('the package of a service without a database', () => {
  const dist = join(import.meta.dirname, '../../dist/libs');

  beforeAll(() => build(), 300_000);

  it.each(['problem', 'auth', 'outbound'])('the built %s imports no database package', (lib) => {
    const folder = join(dist, lib, 'src');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(js|d\.ts)$/.test(name),
    );
    expect(files.length).toBeGreaterThan(10);
    const imported = /(?:from|import|require)\s*\(?\s*['"](pg|@nestjs\/swagger|@node-rs\/argon2|bcrypt|ioredis|uuid)\b/;
    const mentions = files.filter((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return /typeorm/i.test(text) || imported.test(text);
    });
    expect(mentions).toEqual([]);
  });
});

describe('a service with `auth` and `problem` alone, on the built package', () => {
  let database: TestDatabase;
  let issuer: INestApplication;
  let issuerUrl: string;
  let service: ChildProcess;
  let started: Started;
  let token: string;
  let approverToken: string;

  beforeAll(async () => {
    build();
    database = await createTestDatabase();
    // The issuer is a URL, so discovery finds its keys.
    const port = await freePort();
    issuerUrl = `http://127.0.0.1:${port}`;
    const settings = { issuer: issuerUrl, audience: 'acme', secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe' };
    issuer = await NestFactory.create(
      AcmeModule.with({ ...settings, databaseUrl: database.url }),
      await createHttpAdapter('fastify'),
      { logger: false, abortOnError: false },
    );
    await issuer.listen(port, '127.0.0.1');
    token = await employ('ada@acme.example', 0);
    approverToken = await employ('grace@acme.example', 3);

    const program = join(import.meta.dirname, '../fixtures/resource-server/start.program.mjs');
    service = fork(program, [issuerUrl, await serviceToken('revocations:read'), ...NOT_INSTALLED], {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    started = await new Promise((resolve, reject) => {
      service.once('message', resolve);
      service.once('exit', (code) => reject(new Error(`The service ended with exit code ${code}.`)));
    });
  }, 300_000);

  afterAll(async () => {
    if (service?.connected) {
      const gone = once(service, 'exit');
      service.disconnect();
      await gone;
    }
    await issuer?.close();
    await database?.drop();
  });

  async function serviceToken(scope: string): Promise<string> {
    return (await issuer.get(AccessTokens).issue({ subject: 'orders', scopes: [scope] })).token;
  }

  /** The token of a new employee with the role. */
  async function employWith(email: string, role: string): Promise<string> {
    await employ(email, 0);
    const { id } = (await issuer.get<UsersService<Employee>>(UsersService).findByEmail(email))!;
    await issuer.get(UserRolesService).grant(id, role);
    return logIn(email);
  }

  async function employ(email: string, clearance: number): Promise<string> {
    await post('/auth/register', { email, password: PASSWORD });
    const staff = issuer.get<UsersService<Employee>>(UsersService);
    const { id } = (await staff.findByEmail(email))!;
    await staff.update(id, { clearance, emailVerifiedAt: new Date() });
    return logIn(email);
  }

  async function logIn(email: string): Promise<string> {
    return String((await post('/staff/login', { email, password: PASSWORD }))['access_token']);
  }

  async function post(path: string, body: object): Promise<Record<string, unknown>> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(issuerUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as Record<string, unknown>;
  }

  interface Answer {
    status: number;
    challenge: string | null;
    body: Record<string, unknown>;
  }

  async function ask(where: string, path: string, bearer?: string, method = 'GET'): Promise<Answer> {
    const headers: Record<string, string> = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
    const response = await fetch(started.addresses[where]! + path, { method, headers });
    const text = await response.text();
    const body = (text ? JSON.parse(text) : {}) as Record<string, unknown>;
    return { status: response.status, challenge: response.headers.get('www-authenticate'), body };
  }

  it('a service runs without the packages of the issuing side', () => {
    expect(started.resolvable).toEqual([]);
  });

  describe.each(['fastify', 'express'])('on %s', (framework) => {
    const orders = `orders on ${framework}`;
    const warehouse = `warehouse on ${framework}`;

    it('a service accepts the issuer, whose keys it discovers by the issuer URL', async () => {
      const { status, body } = await ask(orders, '/orders', token);
      expect(status).toBe(200);
      expect(body).toMatchObject({ department: 'Rockets', orders: [] });
      expect((await ask(orders, '/orders/1', token)).body).toEqual({ id: '1', buyer: body['buyer'] });
    });

    it('a service rejects all other requests in one format', async () => {
      const stranger = new TestIssuer('acme', issuerUrl).token({ subject: 'ada', scopes: ['expenses:read'] });
      const [head, payload] = token.split('.');
      for (const bearer of [undefined, 'nonsense', stranger, `${token}x`, `${head}.${payload}.`]) {
        const { status, challenge, body } = await ask(orders, '/orders', bearer);
        expect([status, body['code']]).toEqual([401, 'invalid-token']);
        expect(challenge).toMatch(/^Bearer/);
      }
    });

    it('a service calls another one for the user', async () => {
      const { status, body } = await ask(orders, '/orders/stock', token);
      const { body: own } = await ask(orders, '/orders', token);
      expect([status, body]).toEqual([200, { askedBy: own['buyer'] }]);
    });

    it('a service requires the scopes of a route', async () => {
      const { status, challenge, body } = await ask(orders, '/orders/1', token, 'DELETE');
      expect([status, body['code']]).toEqual([403, 'insufficient-scope']);
      expect(challenge).toContain('scope="expenses:approve"');
      expect((await ask(orders, '/orders/1', approverToken, 'DELETE')).status).toBe(204);
    });

    it('a service enforces its own permission, and rejects a permission that its role has lost within a second', async () => {
      const ship = (bearer: string): Promise<Answer> => ask(orders, '/orders/1/ship', bearer, 'POST');
      const shipper = await employWith(`sam-${framework}@acme.example`, 'shipper');
      const auditor = await employWith(`ann-${framework}@acme.example`, 'auditor');
      await until(async () => (await ship(shipper)).status === 200, 1000);
      const { status, body } = await ship(auditor);
      expect([status, body['code'], body['permissions']]).toEqual([403, 'permission-missing', ['orders:ship']]);
      expect((await ship(await serviceToken('orders:ship'))).status).toBe(200);
      expect((await ship(await serviceToken('orders:read'))).status).toBe(403);
      const roles = issuer.get(RolesService);
      await roles.update('shipper', { permissions: [] });
      await until(async () => (await ship(shipper)).status === 403, 1000);
      await roles.update('shipper', { permissions: ['orders:ship'] });
      await until(async () => (await ship(shipper)).status === 200, 1000);
    });

    it('a service serves public routes, and answers its own errors in the common format', async () => {
      expect((await ask(orders, '/orders/prices')).body).toEqual({ anvil: 42 });
      const unknown = await ask(orders, '/orders/2', token);
      expect(unknown.body).toMatchObject({ status: 404, code: 'order-unknown', title: 'There is no such order.' });
    });

    it('a guard that is not global protects one controller and leaves the others open', async () => {
      expect((await ask(warehouse, '/catalogue')).status).toBe(200);
      expect((await ask(warehouse, '/warehouse', token)).status).toBe(200);
      expect((await ask(warehouse, '/warehouse/address')).status).toBe(200);
      const closed = await Promise.all([ask(warehouse, '/warehouse'), ask(warehouse, '/warehouse/safe', token)]);
      expect(closed.map(({ status }) => status)).toEqual([401, 403]);
      expect(closed.map(({ challenge }) => challenge?.slice(0, 6))).toEqual(['Bearer', 'Bearer']);
      expect(closed.map(({ body }) => body['code'])).toEqual(['invalid-token', 'insufficient-scope']);
    });

    it('an application without ProblemModule handles its other errors itself', async () => {
      const { status, body } = await ask(warehouse, '/nowhere');
      expect([status, body]).toEqual([404, expect.objectContaining({ statusCode: 404, error: 'Not Found' })]);
    });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
