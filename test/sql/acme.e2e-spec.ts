import { createHash, scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import type { DynamicModule, LoggerService } from '@nestjs/common';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { documentOf } from 'postern';
import * as accounts from 'postern/accounts';
import { RevocationPublisher, RevocationSet, VerificationKeys } from 'postern/auth';
import * as mails from 'postern/mail';
import * as password from 'postern/password';
import { Database, DomainEvent } from 'postern/persistence';
import { RevocationSignal } from 'postern/revocations';
import { UserRolesService } from 'postern/roles';
import * as sessions from 'postern/sessions';
import {
  claimsProviderSpec,
  createTestDatabase,
  identityConfirmationSpec,
  loginPolicySpec,
  mailerSpec,
  passwordHasherSpec,
  passwordPolicySpec,
  principalMapperSpec,
  revocationPublisherSpec,
  signingKeysSpec,
  startTestApplication,
  testPrincipal,
  userSessionsSpec,
  verificationKeysSpec,
} from 'postern/testing';
import type { TestAnswer, TestApplication, TestDatabase } from 'postern/testing';
import * as tokens from 'postern/tokens';
import * as users from 'postern/users';
import { AcmePiecewiseModule } from '../fixtures/acme/acme-piecewise.module.js';
import { AcmeModule } from '../fixtures/acme/acme.module.js';
import { AcmeConfiguration } from '../fixtures/acme/acme.settings.js';
import type { AcmeSettings } from '../fixtures/acme/acme.settings.js';
import { AuditTrail } from '../fixtures/acme/audit-trail.js';
import { CostCentres } from '../fixtures/acme/employees/cost-centres.js';
import { EmployeeClaims } from '../fixtures/acme/employees/employee-claims.js';
import { EmployeeMapper } from '../fixtures/acme/employees/employee-mapper.js';
import { Employee, Employment } from '../fixtures/acme/employees/employee.entity.js';
import { NoSeasonNamesPolicy } from '../fixtures/acme/passwords/no-season-names.policy.js';
import { StaffImport } from '../fixtures/acme/employees/staff-import.js';
import { EmployeeHired } from '../fixtures/acme/employees/onboarding.js';
import { OutboxMailer } from '../fixtures/acme/outbox.mailer.js';
import { ScryptPasswordHasher } from '../fixtures/acme/passwords/scrypt-password-hasher.js';
import { DecisionPoint } from '../fixtures/acme/rights/payment.policy.js';
import { StillEmployedPolicy } from '../fixtures/acme/employees/still-employed.policy.js';
import { InMemorySignal } from '../fixtures/acme/in-memory.signal.js';
import { until } from '../support/until.js';

const ISSUER = 'https://id.acme.test';
const SECRET = 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe';
const PASSWORD = 'seven small boats at noon';
const NEW_PASSWORD = 'eight large ships at dusk';

type Body = Record<string, unknown> & { code?: string; errors?: { pointer: string; code?: string }[] };
type Tokens = sessions.TokenPairDto;
type SignedIn = Pick<Tokens, 'access_token' | 'refresh_token'> & { email: string; id: string };

/** Records log lines of every level. */
class LineLogger implements LoggerService {
  readonly lines: string[] = [];
  private readonly keep = (...parts: unknown[]): void => void this.lines.push(parts.map(shown).join(' '));
  log = this.keep;
  error = this.keep;
  warn = this.keep;
  debug = this.keep;
  verbose = this.keep;
  fatal = this.keep;
}

const shown = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : inspect(value, { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null });

/** The module that provides Acme's settings. */
function configuration(settings: AcmeSettings): DynamicModule {
  @Module({})
  class ConfigurationModule {}
  return {
    module: ConfigurationModule,
    providers: [{ provide: AcmeConfiguration, useValue: { read: () => settings } }],
    exports: [AcmeConfiguration],
  };
}

describe('Acme’s classes fulfil the contracts of their ports', () => {
  const costCentres = new CostCentres();
  const employee = (fields: Partial<Employee>): Employee =>
    Object.assign(
      new Employee(),
      { id: testPrincipal().subject, email: 'wile.e@acme.example', costCentre: 'CC-1' },
      fields,
    );

  passwordHasherSpec(() => new ScryptPasswordHasher());
  passwordPolicySpec(() => new NoSeasonNamesPolicy(), {
    accepts: [PASSWORD, 'no summer like 1999'],
    rejects: ['Summer2026', 'oh what a winter: 2027'],
  });
  loginPolicySpec(() => new StillEmployedPolicy(), {
    admits: [{ user: employee({}) }, { user: employee({ employment: Employment.OnLeave }) }],
    rejects: [{ user: employee({ employment: Employment.Left }) }],
  });
  claimsProviderSpec(
    () => new EmployeeClaims(costCentres),
    [employee({}), employee({ clearance: 9, costCentre: 'CC-404' })],
  );
  principalMapperSpec(() => new EmployeeMapper(costCentres), {
    knows: [testPrincipal({ claims: { cost_centre: 'CC-1' } }), testPrincipal({ claims: { cost_centre: 'CC-2' } })],
    rejects: [testPrincipal(), testPrincipal({ claims: { cost_centre: 7 } })],
  });
  mailerSpec(() => new OutboxMailer(), { arrived: ({ sent }) => sent });
});

describe('Acme’s sources', () => {
  it('Acme’s sources import only their own files, public subpaths of Postern, and packages', () => {
    const { exports: subpaths } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      exports: object;
    };
    const folder = join(import.meta.dirname, '../fixtures');
    const imports = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((file) =>
        [...readFileSync(join(folder, file), 'utf8').matchAll(/from '([^']+)'/g)].map(([, name]) => ({
          file,
          name: name!,
        })),
      );
    const isFine = ({ file, name }: { file: string; name: string }): boolean => {
      if (name === 'postern' || name.startsWith('postern/')) return name.replace('postern', '.') in subpaths;
      if (!name.startsWith('.')) return !name.includes('libs/');
      // Within the fixture, such as `acme`.
      return join(dirname(file), name).split('/')[0] === file.split('/')[0];
    };
    expect(imports.length).toBeGreaterThan(80);
    expect(imports.filter((entry) => !isFine(entry))).toEqual([]);
  });
});

describe.each([
  ['in one import, on Fastify', 'fastify', (settings: AcmeSettings) => AcmeModule.with(settings)],
  [
    'in one import configured by a provider, on Express',
    'express',
    (settings: AcmeSettings) => AcmeModule.configuredBy(configuration(settings)),
  ],
  [
    'module by module, on Express',
    'express',
    (settings: AcmeSettings) => AcmePiecewiseModule.with(configuration(settings)),
  ],
] as const)('Acme’s application, %s', (_how, adapter, compose) => {
  let app: TestApplication;
  let database: TestDatabase;
  let trail: AuditTrail;
  let outbox: OutboxMailer;
  const logger = new LineLogger();
  const secrets = new Set<string>([SECRET, PASSWORD, NEW_PASSWORD]);
  const linkTokens = new Set<string>();
  let hired = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    const module = compose({ issuer: ISSUER, audience: 'acme', secret: SECRET, databaseUrl: database.url });
    app = await startTestApplication(module, { adapter, logger });
    trail = app.nest.get(AuditTrail);
    outbox = app.nest.get(mails.Mailer, { strict: false });
  });

  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  const send = (method: string, path: string, body?: object, token?: string): Promise<TestAnswer<Body>> =>
    app.call<Body>(method, path, { ...(body && { body }), ...(token && { token }) });
  const query = <T>(sql: string, values: unknown[] = []): Promise<T[]> =>
    app.nest.get(Database).manager.query<T[]>(sql, values);

  async function login(email: string, typed = PASSWORD): Promise<Tokens> {
    const { status, body } = await app.call<Tokens>('POST', '/staff/login', { body: { email, password: typed } });
    expect(status).toBe(200);
    return kept(body);
  }

  const mailOf = async (kind: string, email: string): Promise<mails.MailMessage> =>
    (await until(() => outbox.sent.find((mail) => mail.to === email && mail.kind === kind)))!;

  function kept(pair: Tokens): Tokens {
    secrets.add(pair.access_token).add(pair.refresh_token);
    // The signature and the tag are secret as well.
    secrets.add(pair.access_token.split('.')[2]!).add(pair.refresh_token.slice(-20));
    return pair;
  }

  /** An employee with own fields from registration and assigned fields, signed in. */
  async function employ(
    assigned: users.UserChanges<Employee> = {},
    clearance = 0,
    own: object = {},
  ): Promise<SignedIn> {
    const email = `employee-${(hired += 1)}@acme.example`;
    const { status } = await send('POST', '/auth/register', { email, password: PASSWORD, ...own });
    expect(status).toBe(202);
    const welcome = await mailOf('verify-email', email);
    expect(welcome.subject).toBe('Welcome to Acme');
    const [, token] = /https:\/\/intranet\.acme\.test\/welcome#token=([\w-]{43})\n/.exec(welcome.text)!;
    linkTokens.add(token!);
    expect((await send('POST', '/auth/email/verify', { token })).status).toBe(204);
    const staff = app.nest.get<users.UsersService<Employee>>(users.UsersService);
    const { id } = (await staff.findByEmail(email))!;
    await staff.update(id, { ...assigned, ...(clearance > 0 && { clearance }) });
    const { access_token, refresh_token } = await login(email);
    return { email, id, access_token, refresh_token };
  }

  const claimsOf = async (token: string): Promise<JWTPayload> => {
    const keys = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`));
    return (await jwtVerify(token, keys, { issuer: ISSUER, audience: 'acme', typ: 'at+jwt' })).payload;
  };

  it('registration stores the employee’s own fields, and each reader gets the fields that the class declares', async () => {
    const boss = await employ({}, 5);
    const assigned = { costCentre: 'CC-2', badge: 'B-0042' };
    const fields = { ...assigned, nickname: 'Road Runner' };
    const { id, access_token: token } = await employ(assigned, 0, { nickname: 'Road Runner' });
    const own = await send('GET', '/users/me', undefined, token);
    expect(own.body).toMatchObject({ ...fields, employment: 'active' });
    expect(own.body).not.toHaveProperty('clearance');
    const { body } = await send('GET', `/users/${id}`, undefined, boss.access_token);
    expect(body).toMatchObject({ ...fields, clearance: 0 });
    expect(JSON.stringify([own.body, body])).not.toMatch(/iban|hash|password/i);
  });

  it('a registration that breaks a rule of the class is rejected with a pointer', async () => {
    const base = { email: 'nobody@acme.example', password: PASSWORD };
    const refusals = await Promise.all(
      [
        { ...base, costCentre: 'CC-2' },
        { ...base, badge: 'B-0042' },
        { ...base, nickname: 'x'.repeat(41) },
        { ...base, clearance: 9 },
        { ...base, employment: 'active' },
        { ...base, iban: 'DE00' },
      ].map((body) => send('POST', '/auth/register', body)),
    );
    expect(refusals.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
    expect(refusals.map(({ body }) => body.errors?.[0]?.pointer)).toEqual([
      '/costCentre',
      '/badge',
      '/nickname',
      '/clearance',
      '/employment',
      '/iban',
    ]);
  });

  it('a conflict names the unique field that is taken', async () => {
    const boss = await employ({ badge: 'B-0007' }, 5);
    const { id } = await employ();
    const { status, body } = await send('PATCH', `/users/${id}`, { badge: 'B-0007' }, boss.access_token);
    expect(status).toBe(409);
    expect(body.errors?.[0]?.pointer).toBe('/badge');
  });

  it('only administrators change the fields for administrators, within the enum and the range', async () => {
    const boss = await employ({}, 5);
    const { id, access_token: token } = await employ();
    const patchMe = (body: object) => send('PATCH', '/users/me', body, token);
    const patch = (body: object) => send('PATCH', `/users/${id}`, body, boss.access_token);
    expect((await patchMe({ nickname: 'Bugs' })).body['nickname']).toBe('Bugs');
    expect((await patchMe({ costCentre: 'CC-2' })).status).toBe(400);
    expect((await patchMe({ clearance: 9 })).status).toBe(400);
    expect((await patch({ clearance: 4, costCentre: 'CC-2', employment: 'on-leave' })).body).toMatchObject({
      clearance: 4,
      employment: 'on-leave',
    });
    expect((await patch({ employment: 'retired' })).status).toBe(400);
    expect((await patch({ clearance: 10 })).status).toBe(400);
    expect((await send('PATCH', `/users/${id}`, { clearance: 9 }, token)).status).toBe(403);
  });

  it('Acme’s hasher hashes passwords and verifies them at login', async () => {
    const { id } = await employ();
    const [row] = await query<{ hash: string }>('SELECT hash FROM password_credentials WHERE user_id = $1', [id]);
    expect(row?.hash).toMatch(/^scrypt\$1024\$/);
    expect(app.nest.get(password.PasswordHasher, { strict: false })).toBeInstanceOf(ScryptPasswordHasher);
  });

  it('a password that Acme replaces ends the sessions, publishes PasswordChanged and notifies the user', async () => {
    const { id, email, access_token: token } = await employ();
    const before = trail.countOf(password.PasswordChanged.type);
    const service = app.nest.get(password.PasswordsService);
    const prepared = await service.prepare(NEW_PASSWORD, { email });
    const failed = app.nest.get(Database).transaction(async () => {
      await service.set(id, prepared);
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    expect((await send('GET', '/users/me', undefined, token)).status).toBe(200);
    await service.set(id, prepared);
    await until(async () => (await send('GET', '/users/me', undefined, token)).status === 401);
    await until(() => outbox.sent.some(({ to, kind }) => to === email && kind === 'password-changed'));
    await until(() => trail.countOf(password.PasswordChanged.type) > before);
    expect(trail.countOf(password.PasswordChanged.type)).toBe(before + 1);
    await login(email, NEW_PASSWORD);
  });

  it('a login replaces a hash of another cost', async () => {
    const { id, email } = await employ();
    const key = scryptSync(PASSWORD, Buffer.alloc(16), 32, { N: 2048 }).toString('base64url');
    const dearer = `scrypt$2048$${'A'.repeat(22)}$${key}`;
    await query('UPDATE password_credentials SET hash = $2 WHERE user_id = $1', [id, dearer]);
    await login(email);
    const [row] = await query<{ hash: string }>('SELECT hash FROM password_credentials WHERE user_id = $1', [id]);
    expect(row?.hash).toMatch(/^scrypt\$1024\$/);
  });

  it('Acme imports the staff of its intranet with Acme’s fields, and Acme’s hasher replaces each hash', async () => {
    const hash = `sha1$salt$${createHash('sha1').update(`salt${PASSWORD}`).digest('hex')}`;
    const member = (pk: number, fields: object) => ({
      model: 'staff.member',
      pk,
      fields: { password: hash, ...fields },
    });
    const members = [
      member(1, { email: 'Road.Runner@acme.example', first_name: 'Wile', cost_centre: 'CC-2' }),
      member(2, { email: 'sam@acme.example', cost_centre: 'CC-404' }),
      member(3, { email: 'taz@acme.example', first_name: 'x'.repeat(41), cost_centre: 'CC-1' }),
    ];
    const reasons: string[] = [];
    const dump = () => Readable.from([Buffer.from(JSON.stringify(members))]);
    const { imported } = await app.nest.get(StaffImport).run(dump, ({ reason }) => reasons.push(reason));
    expect([imported, reasons]).toEqual([1, ['the cost centre does not exist', 'a column cannot hold the value']]);
    const { access_token: token } = await login('road.runner@acme.example');
    expect((await send('GET', '/users/me', undefined, token)).body).toMatchObject({
      costCentre: 'CC-2',
      nickname: 'Wile',
    });
    const [row] = await query<{ hash: string }>(
      "SELECT hash FROM password_credentials JOIN users ON id = user_id WHERE email = 'road.runner@acme.example'",
    );
    expect(row?.hash).toMatch(/^scrypt\$1024\$/);
  });

  it('Acme’s password policy applies in addition to the built-in policies', async () => {
    const codes = async (typed: string): Promise<(string | undefined)[] | undefined> => {
      const body = { email: 'choosy@acme.example', password: typed };
      return (await send('POST', '/auth/register', body)).body.errors?.map(({ code }) => code);
    };
    expect(await codes('we rowed in summer 2026')).toEqual(['password-is-a-season']);
    expect(await codes('autumn 2026')).toEqual(['password-too-short', 'password-too-common', 'password-is-a-season']);
    expect(await codes('the acme of small boats')).toEqual(['password-contains-context']);
  });

  it('an access token carries Acme’s claims for every verifier', async () => {
    const { access_token: token, id } = await employ({ costCentre: 'CC-2' });
    expect(await claimsOf(token)).toMatchObject({
      sub: id,
      cost_centre: 'CC-2',
      department: 'Anvils',
      roles: ['employee'],
      scope: 'expenses:read',
    });
  });

  it('an administrator gives an employee Acme’s role, and the employee uses its permission after a refresh', async () => {
    const boss = await employ();
    await app.nest.get(UserRolesService).replace(boss.id, ['administrator']);
    const { access_token: token } = await login(boss.email);
    const ada = await employ();
    const bob = await employ();
    const expense = await send('POST', '/expenses', {}, ada.access_token);
    expect(expense.headers.get('ratelimit-policy')).toBe(
      '"expenses";q=1000;w=60, "expenses-claim-expense";q=100;w=3600',
    );
    const path = `/expenses/${String(expense.body['id'])}`;
    expect((await send('GET', path, undefined, ada.access_token)).status).toBe(200);
    const denied = await send('GET', path, undefined, bob.access_token);
    expect([denied.status, denied.body.code]).toEqual([403, 'policy-denied']);

    const lacking = await send('GET', '/expenses', undefined, bob.access_token);
    expect([lacking.status, lacking.body.code, lacking.body['permissions']]).toEqual([
      403,
      'permission-missing',
      ['expenses:audit'],
    ]);
    expect((await send('PUT', `/users/${bob.id}/roles`, { roles: ['auditor'] }, token)).status).toBe(200);
    const { access_token: auditor } = await login(bob.email);
    expect((await send('GET', '/expenses', undefined, auditor)).status).toBe(200);
    expect((await send('GET', path, undefined, auditor)).status).toBe(200);
    expect((await send('PUT', `/users/${bob.id}/roles`, { roles: [] }, token)).status).toBe(200);
    expect((await send('GET', '/expenses', undefined, auditor)).status).toBe(403);
  });

  it('Acme’s policies let CASL decide about withdrawals, and a decision point about payments, closed on its failure', async () => {
    const [ada, bob] = [await employ(), await employ()];
    const claim = async (amount: number) =>
      `/expenses/${String((await send('POST', '/expenses', { amount }, ada.access_token)).body['id'])}`;
    const statusOf = async (method: string, path: string, { access_token: token } = ada) =>
      (await send(method, path, undefined, token)).status;
    const [small, large] = [await claim(100), await claim(101)];
    expect(await statusOf('DELETE', small, bob)).toBe(403);
    expect(await statusOf('DELETE', large)).toBe(403);
    expect(await statusOf('DELETE', small)).toBe(204);
    expect(await statusOf('DELETE', small)).toBe(403);

    let answer = '';
    const asked: string[] = [];
    const decide = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      asked.push(await textOf(request));
      if (answer === 'silence') return;
      if (answer.startsWith('{')) response.end(answer);
      else response.writeHead(answer === '' ? 500 : 302, { location: answer }).end('{"result":true}');
    };
    const server = createServer((request, response) => void decide(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    Object.assign(app.nest.get(DecisionPoint), { url });
    const statuses: number[] = [];
    for (answer of ['{"result":true}', '{"result":"true"}', '{}', '{', '', '/', 'silence']) {
      statuses.push(await statusOf('POST', `${large}/pay`));
    }
    expect(statuses).toEqual([204, 403, 403, 403, 403, 403, 403]);
    expect(JSON.parse(asked[0]!)).toMatchObject({ input: { subject: ada.id, action: 'pay', roles: ['employee'] } });
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(await statusOf('POST', `${large}/pay`)).toBe(403);
  });

  it('an administrator creates an employee, and acts as the employee, who alone changes the password', async () => {
    const boss = await employ();
    await app.nest.get(UserRolesService).replace(boss.id, ['administrator']);
    const { access_token: token } = await login(boss.email);
    const account = { email: 'Roadrunner@acme.example', password: PASSWORD, costCentre: 'CC-2', clearance: 1 };
    const created = await send('POST', '/users', account, token);
    expect([created.status, created.body]).toMatchObject([
      201,
      { email: 'roadrunner@acme.example', costCentre: 'CC-2' },
    ]);
    const id = String(created.body['id']);
    const answer = await send('POST', `/users/${id}/impersonate`, undefined, token);
    expect([answer.status, answer.body['expires_in']]).toEqual([200, 300]);
    const acting = String(answer.body['access_token']);
    expect((await send('GET', '/users/me', undefined, acting)).body).toMatchObject({ id });
    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    const denied = await send('POST', '/staff/password', change, acting);
    expect([denied.status, denied.body.code]).toEqual([403, 'impersonation-not-allowed']);
    expect((await send('DELETE', `/users/${id}`, undefined, token)).status).toBe(204);
  });

  it('Acme’s controllers receive the signed-in employee from the mapper', async () => {
    const { access_token: token, id } = await employ();
    const { body } = await send('GET', '/expenses/mine', undefined, token);
    expect(body).toEqual({
      employee: { employeeId: id, department: 'Rockets', isManager: false },
      department: 'Rockets',
      sameSubject: true,
      expenses: [],
    });
  });

  it('the guard closes Acme’s messages although the microservice does not inherit the configuration', async () => {
    const { access_token: token, id } = await employ();
    const transport = Transport.TCP as const;
    const options = { host: '127.0.0.1', port: 0 };
    const microservice = app.nest.connectMicroservice<MicroserviceOptions>({ transport, options });
    await app.nest.startAllMicroservices();
    const { port } = microservice.unwrap<Server>().address() as AddressInfo;
    const client = ClientProxyFactory.create({ transport, options: { ...options, port } });
    const count = (): Promise<unknown> => lastValueFrom(client.send('expenses.count', {}));
    await expect(count()).rejects.toMatchObject({ status: 401, code: 'invalid-token' });
    client.setOnDispatchHook((packet) => {
      packet.metadata = { authorization: `Bearer ${token}` };
    });
    expect(await count()).toEqual({ employeeId: id, count: expect.any(Number) });
    await send('POST', '/auth/logout', undefined, token);
    await expect(count()).rejects.toMatchObject({ status: 401, code: 'invalid-token' });
    await client.close();
  });

  it('the guard closes Acme’s controllers, checks their scopes, and opens their public routes', async () => {
    const { access_token: token } = await employ();
    const refused = await send('GET', '/expenses/mine');
    expect([refused.status, refused.body.code]).toEqual([401, 'invalid-token']);
    expect((await send('GET', '/expenses/rules')).body).toEqual({ perDiem: 42 });
    expect((await send('GET', '/expenses/per-diem')).body).toEqual({ perDiem: 42, employeeId: null });
    expect((await send('GET', '/expenses/per-diem', undefined, token)).body.employeeId).toMatch(/^[\da-f-]{36}$/);
    expect((await send('GET', '/expenses/per-diem', undefined, 'expired')).status).toBe(401);
    const forbidden = await send('POST', '/expenses/1/approve', undefined, token);
    expect([forbidden.status, forbidden.body.code]).toEqual([403, 'insufficient-scope']);
    const approver = await employ({}, 3);
    expect((await send('POST', '/expenses/1/approve', undefined, approver.access_token)).status).toBe(204);
  });

  it('a stream ends when its employee logs out or is disabled', async () => {
    const admin = await employ({}, 9);
    for (const end of [
      ({ access_token: token }: SignedIn) => send('POST', '/auth/logout', undefined, token),
      ({ id }: SignedIn) => send('POST', `/users/${id}/disable`, undefined, admin.access_token),
    ]) {
      const employee = await employ();
      const headers = { authorization: `Bearer ${employee.access_token}` };
      const stream = await fetch(`${app.url}/expenses/waiting`, { headers, signal: AbortSignal.timeout(10_000) });
      expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
      expect((await end(employee)).status).toBeLessThan(300);
      expect(await stream.text()).toContain('data: {"waiting":0}');
      expect((await fetch(`${app.url}/expenses/waiting`, { headers })).status).toBe(401);
    }
  });

  it('Acme’s guard accepts tokens in Acme’s own header and rejects other values', async () => {
    const { access_token: token, id } = await employ();
    const present = (text: string) => app.call<Body>('GET', '/users/me', { headers: { 'x-terminal-token': text } });
    const { status, body } = await present(token);
    expect([status, body['id']]).toEqual([200, id]);
    expect((await present('none')).status).toBe(401);
  });

  it('Acme’s signal announces revocations', async () => {
    const { access_token: token } = await employ();
    const { announced } = app.nest.get<InMemorySignal>(RevocationSignal, { strict: false });
    const before = announced.length;
    expect((await send('POST', '/auth/logout', undefined, token)).status).toBe(204);
    await until(() => announced.length > before);
    expect(announced.slice(before)).toEqual([expect.any(Number)]);
  });

  it('Acme’s confirmation is required before users delete their accounts', async () => {
    const { access_token: token } = await employ({}, 3);
    const { status, body } = await send('DELETE', '/users/me', { password: PASSWORD }, token);
    expect([status, body.code]).toEqual([403, 'clearance-held']);
  });

  it('each refresh calls the claims provider again', async () => {
    const boss = await employ({}, 5);
    const { id, refresh_token } = await employ();
    await send('PATCH', `/users/${id}`, { clearance: 3 }, boss.access_token);
    const next = await app.call<Tokens>('POST', '/auth/refresh', { body: { refresh_token } });
    expect((await claimsOf(kept(next.body).access_token))['scope']).toBe('expenses:read expenses:approve');
  });

  it('login and refresh call Acme’s login policy', async () => {
    const boss = await employ({}, 5);
    const { id, email, refresh_token, access_token } = await employ();
    await send('PATCH', `/users/${id}`, { employment: 'left' }, boss.access_token);
    const refreshed = await send('POST', '/auth/refresh', { refresh_token });
    expect([refreshed.status, refreshed.body.code]).toEqual([401, 'refresh-token-invalid']);
    expect((await send('GET', '/users/me', undefined, access_token)).status).toBe(401);
    const again = await send('POST', '/staff/login', { email, password: PASSWORD });
    expect([again.status, again.body.code]).toEqual([403, 'employee-left']);
    const stranger = await send('POST', '/staff/login', { email, password: 'not the password at all' });
    expect([stranger.status, stranger.body.code]).toEqual([401, 'invalid-credentials']);
  });

  it('Acme’s controllers replace the built-in ones, and `false` removes a controller', async () => {
    const { access_token: token } = await employ({}, 5);
    expect((await send('GET', '/status')).body).toEqual({ status: 'acme is up' });
    const gone: [string, string][] = [
      ['POST', '/auth/login'],
      ['POST', '/auth/password/change'],
      ['GET', '/health/live'],
      ['GET', '/keys'],
    ];
    for (const [method, path] of gone)
      expect([path, (await send(method, path, undefined, token)).status]).toEqual([path, 404]);
  });

  it('a subclass of a built-in controller serves its own route in addition to the inherited ones', async () => {
    const { access_token: token, refresh_token } = await employ();
    const devices = await app.call<string[]>('GET', '/auth/devices', { token });
    expect(devices.body).toHaveLength(1);
    expect((await send('GET', '/auth/devices')).status).toBe(401);
    expect((await app.call<unknown[]>('GET', '/auth/sessions', { token })).body).toHaveLength(1);
    expect((await app.call<Tokens>('POST', '/auth/refresh', { body: { refresh_token } })).status).toBe(200);
    expect((await send('POST', '/auth/logout', undefined, token)).status).toBe(204);
    expect((await send('GET', '/auth/devices', undefined, token)).status).toBe(401);
  });

  it('a password change ends the other sessions and sends a mail by Acme’s mailer', async () => {
    const { email, access_token: other } = await employ();
    const { access_token: token } = await login(email);
    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD };
    expect((await send('POST', '/staff/password', change, token)).status).toBe(204);
    expect((await send('GET', '/users/me', undefined, other)).status).toBe(401);
    expect((await send('GET', '/users/me', undefined, token)).status).toBe(200);
    await login(email, NEW_PASSWORD);
    expect(await mailOf('password-changed', email)).toMatchObject({ subject: 'Your password for Acme was changed' });
  });

  it('reuse of a refresh token ends the session, publishes an event, and sends a mail', async () => {
    const { email, refresh_token: first } = await employ();
    const next = async (refresh_token: string): Promise<Tokens> => {
      const { status, body } = await app.call<Tokens>('POST', '/auth/refresh', { body: { refresh_token } });
      expect(status).toBe(200);
      return kept(body);
    };
    const last = await next((await next(first)).refresh_token);
    const thief = await send('POST', '/auth/refresh', { refresh_token: first });
    expect([thief.status, thief.body.code]).toEqual([401, 'refresh-token-invalid']);
    expect((await send('GET', '/users/me', undefined, last.access_token)).status).toBe(401);
    const mail = await mailOf('refresh-token-reused', email);
    expect(mail.subject).toBe('Acme: we signed you out');
    expect(mail.text).toContain(`${ISSUER}/help-desk`);
  });

  it('an administrator disables, enables and deletes an employee', async () => {
    const boss = await employ({}, 5);
    const { id, email, access_token: token } = await employ();
    expect((await send('POST', `/users/${id}/disable`, undefined, boss.access_token)).status).toBeLessThan(300);
    expect((await send('GET', '/expenses/mine', undefined, token)).status).toBe(401);
    expect((await send('POST', '/staff/login', { email, password: PASSWORD })).body.code).toBe('invalid-credentials');
    expect((await send('POST', `/users/${id}/enable`, undefined, boss.access_token)).status).toBeLessThan(300);
    const { access_token: fresh } = await login(email);
    const [cutoff] = await query<{ before: number }>(
      `SELECT extract(epoch FROM before)::float8 AS before FROM revocations WHERE kind = 'subject' AND target = $1`,
      [id],
    );
    expect((await claimsOf(fresh)).iat).toBeGreaterThan(cutoff!.before);
    const unconfirmed = await send('DELETE', '/users/me', { password: 'a wrong one, surely' }, fresh);
    expect([unconfirmed.status, unconfirmed.body.code]).toEqual([403, 'identity-not-confirmed']);
    expect((await send('DELETE', '/users/me', { password: PASSWORD }, fresh)).status).toBe(204);
    expect((await send('GET', '/expenses/mine', undefined, fresh)).status).toBe(401);
    const pending = await send('GET', `/users/${id}`, undefined, boss.access_token);
    expect(Date.parse(pending.body['deletionAt'] as string)).toBeGreaterThan(Date.now());
    await login(email);
    await app.nest.get(users.UsersService).remove(id);
  });

  it('an employee whose clearance gives the role of a manager invites a person, who chooses the nickname', async () => {
    const boss = await employ({}, 5);
    const email = `invited-${boss.email}`;
    expect((await send('POST', '/invitations', { email, roles: ['manager'] }, boss.access_token)).status).toBe(201);
    const open = await send('POST', '/invitations', { email: `x-${email}`, roles: ['auditor'] }, boss.access_token);
    expect([open.status, open.body.code]).toEqual([403, 'permission-not-held']);
    const mail = await until(() => outbox.sent.find(({ kind, to }) => kind === 'invitation' && to === email));
    const token = /#token=([\w-]+)/.exec(mail!.text)![1]!;
    const wrong = await send('POST', '/auth/invitations/accept', { token, password: PASSWORD, clearance: 9 });
    expect([wrong.status, wrong.body.code]).toEqual([400, 'validation-failed']);
    const body = { token, password: PASSWORD, nickname: 'Coyote' };
    const { status, body: invited } = await send('POST', '/auth/invitations/accept', body);
    expect([status, invited]).toEqual([201, expect.objectContaining({ email, nickname: 'Coyote' })]);
    await login(email);
  });

  it('the export of an employee has Acme’s own part and the fields that employees may see', async () => {
    const { access_token: token, id } = await employ({ badge: 'B-0077' });
    await send('POST', '/expenses', undefined, token);
    const { status, body } = await send('GET', '/users/me/export', undefined, token);
    expect([status, body['expenses']]).toEqual([200, [{ id: expect.any(String), amount: 42 }]]);
    expect(body['account']).toEqual((await send('GET', '/users/me', undefined, token)).body);
    expect(body['account']).toMatchObject({ id });
  });

  it('a change of clearance revokes earlier tokens in its transaction if Acme requests it', async () => {
    const { id, access_token: before, refresh_token } = await employ({}, 3);
    const promote = (isSure: boolean): Promise<void> =>
      app.nest.get(Database).transaction(async () => {
        await app.nest.get<users.UsersService<Employee>>(users.UsersService).update(id, { clearance: 4 });
        const now = Math.floor(Date.now() / 1000);
        await app.nest
          .get(RevocationPublisher)
          .publish({ kind: 'subject', target: id, before: now, reason: 'role-change' });
        if (!isSure) throw new Error('on second thoughts');
      });
    await expect(promote(false)).rejects.toThrow('on second thoughts');
    expect((await send('GET', '/users/me', undefined, before)).status).toBe(200);
    await promote(true);
    expect((await send('GET', '/users/me', undefined, before)).status).toBe(401);
    // The session stays alive; its token from the second of the change is rejected with the others.
    await delay(1000);
    const { body } = await app.call<Tokens>('POST', '/auth/refresh', { body: { refresh_token } });
    expect((await send('GET', '/users/me', undefined, kept(body).access_token)).body).toMatchObject({ id });
  });

  it('hiring commits in one transaction with its events, or not at all', async () => {
    const { access_token: token } = await employ({}, 5);
    const hire = (email: string, costCentre: string) =>
      send('POST', '/staff', { email, password: PASSWORD, costCentre }, token);
    const count = () => ({ hired: trail.countOf(EmployeeHired.type), updated: trail.countOf(users.UserUpdated.type) });
    await delay(50);
    const before = count();
    const refused = await hire('wile.e@acme.example', 'CC-404');
    expect([refused.status, refused.body.code]).toEqual([422, 'cost-centre-unknown']);
    await delay(100);
    expect(count()).toEqual(before);
    expect(await query('SELECT 1 FROM users WHERE email = $1', ['wile.e@acme.example'])).toEqual([]);

    const { status, body } = await hire('wile.e@acme.example', 'CC-2');
    expect([status, body['clearance']]).toEqual([201, 1]);
    await until(() => trail.countOf(EmployeeHired.type) > before.hired);
    expect(count()).toEqual({ hired: before.hired + 1, updated: before.updated + 1 });
    await login('road.runner@acme.example');
  });

  it('the OpenAPI document shows Acme’s fields, routes and security requirements', () => {
    const { components, paths } = documentOf(app.nest, { title: 'Acme' });
    const schema = (name: string) => components?.schemas?.[name] as { properties: object; required?: string[] };
    const bodyOf = (path: string, method: 'post' | 'patch') => {
      const body = paths[path]?.[method]?.requestBody as { content: Record<string, { schema: { $ref: string } }> };
      return schema(body.content['application/json']!.schema.$ref.split('/').at(-1)!);
    };
    const registration = bodyOf('/auth/register', 'post');
    expect(Object.keys(registration.properties).sort()).toEqual(['email', 'nickname', 'password']);
    expect(registration.required?.toSorted()).toEqual(['email', 'password']);
    expect(Object.keys(bodyOf('/users/me', 'patch').properties)).toEqual(['nickname']);
    expect(bodyOf('/users/{id}', 'patch').properties).toMatchObject({
      costCentre: { maxLength: 12, pattern: '^CC-\\d+$', description: 'The cost centre the employee books on.' },
      clearance: { minimum: 0, maximum: 9 },
      employment: { enum: ['active', 'on-leave', 'left'] },
    });
    expect(JSON.stringify([components, paths])).not.toMatch(/iban/i);
    const locks = (path: string, method: 'get' | 'post') => paths[path]?.[method]?.security;
    expect(locks('/expenses/rules', 'get')).toEqual([]);
    expect(locks('/expenses/per-diem', 'get')).toEqual([{}, { bearer: ['expenses:read'] }]);
    expect(locks('/auth/logout', 'post')).toEqual([{}, { bearer: [] }]);
    expect(locks('/expenses/mine', 'get')).toEqual([{ bearer: ['expenses:read'] }]);
    expect(locks('/expenses/{id}/approve', 'post')).toEqual([{ bearer: ['expenses:read', 'expenses:approve'] }]);
    expect(locks('/auth/devices', 'get')).toEqual([{ bearer: [] }]);
    expect(locks('/staff/login', 'post')).toEqual([]);
    expect(paths).not.toHaveProperty(['/auth/login']);
    expect(paths).not.toHaveProperty(['/keys']);
  });

  describe('Acme’s ports and the built-in ports', () => {
    signingKeysSpec(() => app.nest.get(tokens.SigningKeys));
    verificationKeysSpec(
      () => app.nest.get(VerificationKeys),
      async () => ({ issuer: ISSUER, kid: (await app.nest.get(tokens.SigningKeys).keys())[0]!.kid }),
    );
    revocationPublisherSpec(() => ({
      publisher: app.nest.get(RevocationPublisher),
      set: app.nest.get(RevocationSet),
      issuer: ISSUER,
    }));
    identityConfirmationSpec(
      () => app.nest.get(users.IdentityConfirmation),
      async () => {
        const { id: userId } = await employ();
        return { userId, right: { password: PASSWORD }, wrong: [{ password: NEW_PASSWORD }, { password: '' }] };
      },
    );
    userSessionsSpec(async () => {
      const [one, other] = [await employ(), await employ()];
      await login(one.email);
      return {
        sessions: app.nest.get(users.UserSessions),
        database: app.nest.get(Database),
        userIds: [one.id, other.id],
        alive: async (userId) => (await app.nest.get(sessions.SessionsService).list(userId)).length,
      };
    });
  });

  it('every event of Postern is published once after its commit', async () => {
    await send('POST', '/staff/login', { email: 'nobody@acme.example', password: PASSWORD });
    await app.nest.get(tokens.KeyRotation).rotate();
    const { kid } = (await app.nest.get(tokens.SigningKeys).keys())[0]!;
    await app.nest.get(tokens.RevokeKey).kill(kid, 'exercise');
    const closed = { kind: 'farewell', to: 'r.runner@closed.acme.example', subject: 'Farewell', text: 'Beep beep.' };
    await app.nest.get(mails.Outbox).add(closed);
    const types = [accounts, mails, password, sessions, tokens, users]
      .flatMap((lib) => Object.values<unknown>(lib))
      .filter(
        (value): value is typeof DomainEvent => typeof value === 'function' && value.prototype instanceof DomainEvent,
      )
      // The abstract base of several events has no type of its own.
      .filter((event) => Object.hasOwn(event, 'type'))
      .map(({ type }) => type);
    expect(types.length).toBeGreaterThanOrEqual(14);
    const missing = (): string[] => types.filter((type) => trail.countOf(type) === 0);
    await until(() => missing().length === 0);
    expect(missing()).toEqual([]);
    expect(types.filter((type) => !trail.types.has(type))).toEqual([]);
    expect(trail.told.filter(({ wasCommitted }) => wasCommitted === false)).toEqual([]);
  });

  it('no event, mail or log line contains a secret', async () => {
    for (const { hash } of await query<{ hash: string }>('SELECT hash FROM password_credentials')) {
      secrets.add(hash).add(hash.split('$').at(-1)!);
    }
    const { id } = await employ();
    await until(() => trail.told.some(({ event }) => shown(event).includes(id)));
    const told = { events: trail.told.map(({ event }) => event), mails: outbox.sent, lines: logger.lines };
    // A control: the search does find the user's id, which the events contain.
    expect(shown(told.events)).toContain(id);
    expect(told.mails.length).toBeGreaterThan(1);
    expect(told.lines.length).toBeGreaterThan(20);
    const text = shown(told);
    expect(secrets.size).toBeGreaterThan(60);
    expect([...secrets].filter((secret) => text.includes(secret))).toEqual([]);
    // Only the mail has the token of its link.
    const withoutMails = shown([told.events, told.lines]);
    expect([...linkTokens].filter((token) => withoutMails.includes(token))).toEqual([]);
  });
});
