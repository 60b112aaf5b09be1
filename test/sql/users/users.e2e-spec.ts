import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Controller, Get, Injectable, Module, Param } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IsObject, Matches } from 'class-validator';
import { SignJWT } from 'jose';
import pg from 'pg';
import {
  AfterLoad,
  AfterRemove,
  AfterUpdate,
  BeforeInsert,
  BeforeRemove,
  BeforeUpdate,
  Column,
  DataSource,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  PrimaryColumn,
} from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { AuthModule, CurrentPrincipal, CurrentUser } from 'postern/auth';
import type { AuthStructure, Principal } from 'postern/auth';
import { Database, PersistenceModule } from 'postern/persistence';
import type { DomainEvent } from 'postern/persistence';
import { documentOf } from 'postern';
import { AuthError, ProblemModule, ApiProblems } from 'postern/problem';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import {
  adminUsersControllerOf,
  EmailTakenError,
  EntityPrincipalMapper,
  IdentityConfirmation,
  IdentityNotConfirmedError,
  InvalidEmailError,
  meControllerOf,
  User,
  UserBase,
  UserDeleted,
  UserDisabled,
  UserEnabled,
  UserField,
  UsersModule,
  UserConflictError,
  UsersService,
  UserUpdated,
  ListUsersDto,
} from 'postern/users';
import type { IdentityProof, NewUser, TeamFields, UsersSettings, UsersStructure } from 'postern/users';
import { until } from '../../support/until.js';

@Entity('users')
class Employee extends UserBase {
  @UserField({ write: 'admin', read: 'self', claim: 'cost_centre', example: 'CC-1042' })
  @Column({ name: 'cost_centre', length: 12 })
  @Matches(/^CC-\d+$/)
  costCentre!: string;

  @UserField({ register: 'optional', write: 'self', read: 'public', example: 'Ada' })
  @Column({ type: 'varchar', length: 40, nullable: true })
  nickname!: string | null;

  @UserField({ write: 'self', read: 'self' })
  @Column({ type: 'int', default: 0 })
  floor!: number;

  @UserField({ write: 'admin', read: 'admin', example: '0042' })
  @Column({ name: 'badge_number', type: 'varchar', length: 16, nullable: true, unique: true })
  badgeNumber!: string | null;

  @Column({ name: 'private_note', type: 'text', nullable: true })
  privateNote!: string | null;
}

class EmployeeColumns1764000001000 implements MigrationInterface {
  readonly name = 'EmployeeColumns1764000001000';
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE users ADD cost_centre varchar(12) NOT NULL, ADD nickname varchar(40),
      ADD floor integer NOT NULL DEFAULT 0 CHECK (floor < 100), ADD badge_number varchar(16) UNIQUE, ADD private_note text`);
  }
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'ALTER TABLE users DROP cost_centre, DROP nickname, DROP floor, DROP badge_number, DROP private_note',
    );
  }
}

const issuer = 'https://id.acme.test';
const foreign = 'https://id.other.test';
const audience = 'acme';

@Injectable()
class Sesame extends IdentityConfirmation {
  async confirm(_userId: string, { password }: IdentityProof): Promise<void> {
    if (password !== 'open sesame') throw new IdentityNotConfirmedError();
  }
}

@Injectable()
class Listener {
  readonly heard: object[] = [];

  @OnEvent(UserUpdated.type) updated(event: UserUpdated) {
    this.note(UserUpdated.type, event);
  }
  @OnEvent(UserDisabled.type) disabled(event: UserDisabled) {
    this.note(UserDisabled.type, event);
  }
  @OnEvent(UserEnabled.type) enabled(event: UserEnabled) {
    this.note(UserEnabled.type, event);
  }
  @OnEvent(UserDeleted.type) deleted(event: UserDeleted) {
    this.note(UserDeleted.type, event);
  }

  /** Omits the fields of the base class: an event publishes only these facts. */
  private note(type: string, { occurredAt, ...facts }: DomainEvent) {
    if (occurredAt instanceof Date) this.heard.push({ ...facts, type });
  }
}

@Controller('desk')
class DeskController {
  @Get()
  readDesk(@CurrentUser() user: unknown) {
    return { isEntity: user instanceof Employee, costCentre: (user as Employee).costCentre };
  }
}

interface Keys {
  readonly own: { privateKey: KeyObject; publicKey: KeyObject };
  readonly foreign: { privateKey: KeyObject; publicKey: KeyObject };
}

const keys: Keys = {
  own: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  foreign: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};

const staticKey = (name: keyof Keys) => ({
  pem: keys[name].publicKey.export({ type: 'spki', format: 'pem' }) as string,
  kid: name,
});

interface TokenOptions {
  scope?: string;
  from?: keyof Keys;
  issuedAt?: number;
  sessionId?: string;
}

function tokenFor(subject: string, { scope, from = 'own', issuedAt, sessionId }: TokenOptions = {}): Promise<string> {
  const now = issuedAt ?? Math.floor(Date.now() / 1000);
  return new SignJWT({ ...(scope && { scope }), ...(sessionId && { sid: sessionId }) })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: from })
    .setIssuer(from === 'own' ? issuer : foreign)
    .setAudience(audience)
    .setSubject(subject)
    .setIssuedAt(now)
    .setExpirationTime(now + 600)
    .setJti(randomUUID())
    .sign(keys[from].privateKey);
}

/** Checks each member of the JSON answer. */
type Json = ReturnType<typeof JSON.parse>;

interface Answer {
  readonly status: number;
  readonly body: Json;
  readonly headers: Headers;
}

interface Running {
  readonly app: INestApplication;
  readonly users: UsersService<Employee>;
  readonly heard: object[];
  readonly call: (method: string, path: string, token?: string, body?: unknown) => Promise<Answer>;
}

const adapters = { fastify: () => new FastifyAdapter(), express: () => new ExpressAdapter() };

async function start(
  databaseUrl: string,
  adapter: keyof typeof adapters,
  structure: UsersSettings & UsersStructure,
  auth: AuthStructure = {},
  further: Type<MigrationInterface>[] = [],
): Promise<Running> {
  const module = await Test.createTestingModule({
    imports: [
      ProblemModule.forRoot({}),
      PersistenceModule.forRoot({
        databaseUrl,
        migrations: structure.user === User ? [] : [EmployeeColumns1764000001000, ...further],
      }),
      AuthModule.forRoot({
        issuer,
        audience,
        staticKeys: [staticKey('own')],
        issuers: [{ issuer: foreign, audience, staticKeys: [staticKey('foreign')] }],
        ...auth,
      }),
      UsersModule.forRoot(structure),
    ],
    controllers: [DeskController],
    providers: [Listener],
  }).compile();
  const app = module.createNestApplication(adapters[adapter]() as FastifyAdapter, { logger: ['error'] });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    app,
    users: app.get<UsersService<Employee>>(UsersService),
    heard: app.get(Listener).heard,
    async call(method, path, token, body) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : {} };
    },
  };
}

describe.each(['fastify', 'express'] as const)('the users on %s', (adapter) => {
  let database: TestDatabase;
  let running: Running;
  let count = 0;

  const employ = (fields: Partial<Employee> = {}) =>
    running.users.create({ email: `ada${(count += 1)}@example.com`, costCentre: 'CC-1', floor: 3, ...fields });

  beforeAll(async () => {
    database = await createTestDatabase();
    running = await start(database.url, adapter, { user: Employee, confirmation: Sesame, deletionGraceDays: 0 });
  });

  afterAll(async () => {
    await running?.app.close();
    await database?.drop();
  });

  beforeEach(() => {
    running.heard.length = 0;
  });

  it("the users table has exactly one entity class: the team's", () => {
    const metadatas = running.app.get(DataSource).entityMetadatas.filter(({ tableName }) => tableName === 'users');
    expect(metadatas.map(({ target }) => target)).toEqual([Employee]);
  });

  describe('/users/me', () => {
    it('/users/me shows the user only the columns that the class declares for users', async () => {
      const { id, email } = await employ({ nickname: 'Ada', badgeNumber: null, privateNote: 'secret' });
      const { status, body } = await running.call('GET', '/users/me', await tokenFor(id));
      expect({ status, body }).toEqual({
        status: 200,
        body: {
          id,
          email,
          emailVerifiedAt: null,
          createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
          updatedAt: expect.any(String),
          costCentre: 'CC-1',
          nickname: 'Ada',
          floor: 3,
        },
      });
    });

    it('/users/me answers 401 without a token, for a deleted user, and for a subject of another issuer', async () => {
      const { id } = await employ();
      for (const token of [
        undefined,
        await tokenFor(randomUUID()),
        await tokenFor('orders'),
        await tokenFor(id, { from: 'foreign' }),
      ]) {
        for (const method of ['GET', 'PATCH', 'DELETE']) {
          const body = method === 'GET' ? undefined : { password: 'open sesame' };
          const answer = await running.call(method, '/users/me', token, method === 'PATCH' ? {} : body);
          expect(answer.status).toBe(401);
          expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
        }
      }
      expect(await running.users.findById(id)).not.toBeNull();
    });

    it('PATCH /users/me says of a field that only administrators change that it cannot be changed here', async () => {
      const { id } = await employ();
      const { status, body } = await running.call('PATCH', '/users/me', await tokenFor(id), {
        costCentre: 'CC-2',
        badgeNumber: '7',
      });
      expect(status).toBe(400);
      expect(body).toMatchObject({
        code: 'validation-failed',
        errors: expect.arrayContaining([
          { pointer: '/badgeNumber', detail: 'is not a known field' },
          { pointer: '/costCentre', detail: 'cannot be changed here' },
        ]),
      });
    });

    it('/users/me changes the fields that the user may write, and publishes the names of the changed fields', async () => {
      const { id } = await employ();
      const { status, body } = await running.call('PATCH', '/users/me', await tokenFor(id), {
        nickname: 'Lady',
        floor: 3,
      });
      expect({ status, nickname: body.nickname, floor: body.floor }).toEqual({
        status: 200,
        nickname: 'Lady',
        floor: 3,
      });
      await until(() => running.heard.length > 0);
      expect(running.heard).toEqual([{ type: 'user.updated', userId: id, changed: ['nickname'] }]);
    });

    it('/users/me answers 200 to an empty change and changes nothing', async () => {
      const { id } = await employ();
      const token = await tokenFor(id);
      const before = await running.call('GET', '/users/me', token);
      for (const changes of [{}, undefined, { floor: 3 }]) {
        const answer = await running.call('PATCH', '/users/me', token, changes);
        expect([answer.status, answer.body]).toEqual([200, before.body]);
      }
      expect(running.heard).toEqual([]);
    });

    it.each([
      ['a field for administrators', { costCentre: 'CC-2' }, '/costCentre'],
      ['an undeclared column', { privateNote: 'x' }, '/privateNote'],
      ["Postern's own columns", { disabledAt: null }, '/disabledAt'],
      ['the address', { email: 'eve@example.com' }, '/email'],
      ['the id', { id: '1' }, '/id'],
      ['a wrong type', { floor: '3' }, '/floor'],
      ['a number out of range', { floor: 3e9 }, '/floor'],
      ['a text that is too long', { nickname: 'x'.repeat(41) }, '/nickname'],
      ['null in a NOT NULL column', { floor: null }, '/floor'],
      ['a NUL character', { nickname: 'a\u0000b' }, '/nickname'],
    ])('/users/me rejects %s with a pointer', async (_, changes, pointer) => {
      const { id } = await employ();
      const { status, body } = await running.call('PATCH', '/users/me', await tokenFor(id), changes);
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'validation-failed' });
      expect(body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
    });

    it('/users/me answers 400 instead of 5xx if the database rejects a value', async () => {
      const { id } = await employ();
      const { status, body } = await running.call('PATCH', '/users/me', await tokenFor(id), { floor: 100 });
      expect({ status, code: body.code }).toEqual({ status: 400, code: 'validation-failed' });
    });

    it('/users/me deletes the account and its tokens if the password is correct', async () => {
      const { id } = await employ();
      const token = await tokenFor(id);
      for (const [proof, status, code] of [
        [undefined, 403, 'identity-not-confirmed'],
        [{}, 403, 'identity-not-confirmed'],
        [{ password: 7 }, 400, 'validation-failed'],
        [{ password: '' }, 400, 'validation-failed'],
        [{ password: 'x'.repeat(1025) }, 403, 'identity-not-confirmed'],
        [{ password: 'wrong' }, 403, 'identity-not-confirmed'],
      ] as const) {
        const answer = await running.call('DELETE', '/users/me', token, proof);
        expect([answer.status, answer.body.code]).toEqual([status, code]);
      }
      expect((await running.call('DELETE', '/users/me', token, { password: 'open sesame' })).status).toBe(204);
      expect(await running.users.findById(id)).toBeNull();
      const after = await running.call('GET', '/desk', token);
      expect([after.status, after.body.code]).toEqual([401, 'invalid-token']);
      await until(() => running.heard.length > 0);
      expect(running.heard).toEqual([{ type: 'user.deleted', userId: id }]);
    });
  });

  describe('/users', () => {
    const reader = () => tokenFor('admin', { scope: 'users:read' });
    const writer = () => tokenFor('admin', { scope: 'users:write' });

    it.each([
      ['GET', '/users', 'users:read'],
      ['GET', '/users/:id', 'users:read'],
      ['PATCH', '/users/:id', 'users:write'],
      ['DELETE', '/users/:id', 'users:write'],
      ['POST', '/users/:id/disable', 'users:write'],
      ['POST', '/users/:id/enable', 'users:write'],
    ])('a service needs the permission of %s %s as a scope', async (method, path, scope) => {
      const { id } = await employ();
      const address = path.replace(':id', id);
      const other = scope === 'users:read' ? 'users:write' : 'users:read';
      expect((await running.call(method, address)).status).toBe(401);
      for (const given of [undefined, other]) {
        const { status, body } = await running.call(method, address, await tokenFor(id, { scope: given }));
        expect({ status, code: body.code }).toEqual({ status: 403, code: 'permission-missing' });
      }
      const answer = await running.call(
        method,
        address,
        await tokenFor(id, { scope }),
        method === 'PATCH' ? {} : undefined,
      );
      expect(answer.status).toBe(method === 'DELETE' ? 204 : 200);
    });

    it('/users shows administrators the columns that the class declares for them', async () => {
      const { id } = await employ({ badgeNumber: `B-${adapter}` });
      const { body } = await running.call('GET', `/users/${id}`, await reader());
      expect(body).toMatchObject({ id, badgeNumber: `B-${adapter}`, disabledAt: null, costCentre: 'CC-1' });
      expect(body).not.toHaveProperty('privateNote');
    });

    it('/users answers 404 for an unknown id and for an invalid one', async () => {
      for (const id of [randomUUID(), '1', 'me%00', "'--", '%F0%9F%92%A9', 'x'.repeat(100)]) {
        for (const [method, path, body] of [
          ['GET', `/users/${id}`],
          ['PATCH', `/users/${id}`, { nickname: 'x' }],
          ['DELETE', `/users/${id}`],
          ['POST', `/users/${id}/disable`],
          ['POST', `/users/${id}/enable`],
        ] as const) {
          const token = method === 'GET' ? await reader() : await writer();
          const { status } = await running.call(method, path, token, body);
          expect([400, 404]).toContain(status);
        }
      }
      const unknown = await running.call('GET', `/users/${randomUUID()}`, await reader());
      expect([unknown.status, unknown.body.code]).toEqual([404, 'user-not-found']);
    });

    it('administrators write the users’ fields and further ones, but no undeclared field', async () => {
      const { id } = await employ();
      const changes = { costCentre: 'CC-9', nickname: null, floor: 7, badgeNumber: `W-${adapter}` };
      const { status, body } = await running.call('PATCH', `/users/${id}`, await writer(), changes);
      expect({ status, body }).toMatchObject({ status: 200, body: changes });
      const refused = await running.call('PATCH', `/users/${id}`, await writer(), {
        privateNote: 'x',
        email: 'a@b.de',
      });
      expect(refused.status).toBe(400);
    });

    it('/users answers 409 and names the field if its value belongs to another user', async () => {
      const badgeNumber = `U-${adapter}`;
      await employ({ badgeNumber });
      const { id } = await employ();
      const { status, body } = await running.call('PATCH', `/users/${id}`, await writer(), { badgeNumber });
      expect({ status, code: body.code, errors: body.errors }).toEqual({
        status: 409,
        code: 'conflict',
        errors: [{ pointer: '/badgeNumber', detail: 'belongs to another user' }],
      });
      await expect(employ({ badgeNumber })).rejects.toThrow(UserConflictError);
    });

    it('/users lists each user exactly once across all pages', async () => {
      for (let each = 0; each < 5; each += 1) await employ();
      const seen: string[] = [];
      let after = '';
      for (let page = 0; page < 100; page += 1) {
        const { status, body } = await running.call('GET', `/users?limit=2${after}`, await reader());
        expect(status).toBe(200);
        expect(body.users.length).toBeLessThanOrEqual(2);
        seen.push(...body.users.map((user: { id: string }) => user.id));
        if (body.next === null) break;
        after = `&after=${body.next}`;
      }
      const [{ total }] = await running.app.get(DataSource).query('SELECT count(*)::int AS total FROM users');
      expect(seen).toHaveLength(total);
      expect(new Set(seen).size).toBe(total);
      expect(seen).toEqual(seen.toSorted());
    });

    it.each(['limit=0', 'limit=101', 'limit=x', 'limit=1.5', 'after=x', 'order=email'])(
      '/users rejects ?%s',
      async (query) => {
        const { status, body } = await running.call('GET', `/users?${query}`, await reader());
        expect({ status, code: body.code }).toEqual({ status: 400, code: 'validation-failed' });
      },
    );

    it('a disabled user keeps its row, and its tokens are rejected at once', async () => {
      const { id } = await employ();
      const token = await tokenFor(id);
      expect((await running.call('GET', '/users/me', token)).status).toBe(200);
      const { status, body } = await running.call('POST', `/users/${id}/disable`, await writer());
      expect({ status, disabledAt: body.disabledAt }).toEqual({ status: 200, disabledAt: expect.any(String) });
      expect((await running.call('GET', '/desk', token)).status).toBe(401);
      // This token is newer than the revocation; the check of the account rejects it.
      const later = await tokenFor(id, { issuedAt: Math.floor(Date.now() / 1000) + 2 });
      expect((await running.call('GET', '/users/me', later)).status).toBe(401);
      await running.call('POST', `/users/${id}/disable`, await writer());
      await until(() => running.heard.length > 0);
      expect(running.heard).toEqual([{ type: 'user.disabled', userId: id }]);
    });

    it('an id in capital letters disables and deletes the user with all tokens', async () => {
      for (const [method, suffix, status] of [
        ['POST', '/disable', 200],
        ['DELETE', '', 204],
      ] as const) {
        const { id } = await employ();
        const token = await tokenFor(id);
        running.heard.length = 0;
        const answer = await running.call(method, `/users/${id.toUpperCase()}${suffix}`, await writer());
        expect(answer.status).toBe(status);
        expect((await running.call('GET', '/desk', token)).status).toBe(401);
        await until(() => running.heard.length > 0);
        expect(running.heard).toEqual([expect.objectContaining({ userId: id })]);
      }
    });

    it('enabling a user accepts tokens issued right after the answer, and not the old ones', async () => {
      const { id } = await employ();
      const old = await tokenFor(id);
      await running.call('POST', `/users/${id}/disable`, await writer());
      const { status, body } = await running.call('POST', `/users/${id}/enable`, await writer());
      expect({ status, disabledAt: body.disabledAt }).toEqual({ status: 200, disabledAt: null });
      expect((await running.call('GET', '/users/me', await tokenFor(id))).status).toBe(200);
      expect((await running.call('GET', '/users/me', old)).status).toBe(401);
      await until(() => running.heard.length > 1);
      expect(running.heard).toEqual([
        { type: 'user.disabled', userId: id },
        { type: 'user.enabled', userId: id },
      ]);
    });

    it('/users deletes a user and its tokens', async () => {
      const { id } = await employ();
      const token = await tokenFor(id);
      expect((await running.call('DELETE', `/users/${id}`, await writer())).status).toBe(204);
      expect((await running.call('GET', '/desk', token)).status).toBe(401);
      expect((await running.call('DELETE', `/users/${id}`, await writer())).status).toBe(404);
    });
  });
});

describe('the users on any transport', () => {
  let database: TestDatabase;
  const apps: Running[] = [];

  const boot = async (
    structure: UsersSettings & UsersStructure,
    auth?: AuthStructure,
    further?: Type<MigrationInterface>[],
  ) => {
    const running = await start(database.url, 'fastify', structure, auth, further);
    apps.push(running);
    return running;
  };

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    for (const { app } of apps.splice(0)) await app.close();
    await database.drop();
  });

  it('200 parallel creations with spellings of one address create exactly one user', async () => {
    const { users, app } = await boot({ user: Employee });
    const spellings = [
      'zo\u00eb@example.com',
      'ZOE\u0308@Example.COM',
      ' Zo\u00eb@EXAMPLE.com ',
      '\uff3ao\u00eb@example\uff0ecom',
    ];
    const attempts = await Promise.allSettled(
      Array.from({ length: 200 }, (_, at) =>
        users.create({ email: spellings[at % spellings.length]!, costCentre: 'CC-1', floor: 1 }),
      ),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const reasons = attempts.flatMap((attempt) => (attempt.status === 'rejected' ? [attempt.reason] : []));
    expect(reasons.filter((reason) => reason instanceof EmailTakenError)).toHaveLength(199);
    expect(await app.get(DataSource).query('SELECT email FROM users')).toEqual([{ email: 'zo\u00eb@example.com' }]);
    expect(await users.findByEmail(' ZO\u00cb@example.com')).toMatchObject({ email: 'zo\u00eb@example.com' });
  });

  it('a creation returns exactly the stored values', async () => {
    const { users } = await boot({ user: Employee });
    const created = await users.create({ email: 'ada@example.com', costCentre: 'CC-1', floor: 1 });
    expect(created).toBeInstanceOf(Employee);
    expect(created).toEqual(await users.findById(created.id));
    // Like a registration: without the field that the database computes.
    const registered = await users.create({ email: 'eve@example.com', costCentre: 'CC-1' } as NewUser<Employee>);
    expect(registered).toEqual(await users.findById(registered.id));
    expect(registered.floor).toBe(0);
    await expect(users.create({ email: 'no address', costCentre: 'CC-1', floor: 1 })).rejects.toThrow(
      InvalidEmailError,
    );
  });

  it('a creation returns values that the database has changed, as later reads show them', async () => {
    const shouted = { to: (text?: string) => text?.toUpperCase(), from: (text: string | null) => text?.toLowerCase() };
    class Contractor extends Employee {
      declare rate?: string;
      declare shift?: string;
      declare code?: string;
      declare contract?: string;
    }
    Column({ type: 'numeric', precision: 8, scale: 2, default: 12.5 })(Contractor.prototype, 'rate');
    Column({ type: 'time', nullable: true })(Contractor.prototype, 'shift');
    Column({ type: 'varchar', nullable: true, transformer: shouted })(Contractor.prototype, 'code');
    Column({ type: 'varchar', default: 'OPEN', transformer: shouted })(Contractor.prototype, 'contract');
    Entity('users')(Contractor);
    class ContractorColumns1764000002000 implements MigrationInterface {
      up = (runner: QueryRunner) =>
        runner.query(`ALTER TABLE users ADD rate numeric(8,2) NOT NULL DEFAULT 12.5, ADD shift time, ADD code varchar,
          ADD contract varchar NOT NULL DEFAULT 'OPEN'`);
      down = (runner: QueryRunner) => runner.query('ALTER TABLE users DROP rate');
    }
    const { app } = await boot({ user: Contractor }, {}, [ContractorColumns1764000002000]);
    const users = app.get<UsersService<Contractor>>(UsersService);
    const given = { costCentre: 'CC-1', floor: 1, nickname: null, badgeNumber: null, privateNote: null };
    const first = await users.create({ email: 'ada@example.com', ...given, shift: '08:30', code: 'Aé' });
    expect(first).toMatchObject({ rate: '12.50', shift: '08:30:00', code: 'aé', contract: 'open' });
    expect(first).toEqual(await users.findById(first.id));
    const second = await users.create({ email: 'eve@example.com', ...given, rate: '7', contract: 'Closed' });
    expect(second).toMatchObject({ rate: '7.00', contract: 'closed' });
    expect(second).toEqual(await users.findById(second.id));
  });

  it('a user with an eager relation and an embedded class can be changed, disabled and deleted', async () => {
    class Department {
      declare id: number;
    }
    PrimaryColumn({ type: 'int' })(Department.prototype, 'id');
    Entity('departments')(Department);
    class Address {
      declare street: string | null;
    }
    Column({ type: 'varchar', nullable: true })(Address.prototype, 'street');
    class Housed extends Employee {
      declare department?: Department | null;
      declare address?: Address;
    }
    ManyToOne(() => Department, { eager: true, nullable: true })(Housed.prototype, 'department');
    JoinColumn({ name: 'department_id' })(Housed.prototype, 'department');
    Column(() => Address)(Housed.prototype, 'address');
    Entity('users')(Housed);
    class HousedColumns1764000002000 implements MigrationInterface {
      up = (runner: QueryRunner) =>
        runner.query(`CREATE TABLE departments (id integer PRIMARY KEY); INSERT INTO departments VALUES (7);
          ALTER TABLE users ADD department_id integer REFERENCES departments, ADD "addressStreet" varchar`);
      down = (runner: QueryRunner) => runner.query('ALTER TABLE users DROP department_id');
    }
    const structure = { user: Housed, imports: [TypeOrmModule.forFeature([Department])] };
    const { app } = await boot(structure, {}, [HousedColumns1764000002000]);
    const users = app.get<UsersService<Housed>>(UsersService);
    const given = { costCentre: 'CC-1', floor: 1, nickname: null, badgeNumber: null, privateNote: null };
    const { id } = await users.create({ email: 'ada@example.com', ...given, address: { street: 'Am Tor' } });
    expect(await users.findById(id)).toMatchObject({ department: null, address: { street: 'Am Tor' } });
    await users.update(id, { department: { id: 7 }, address: { street: 'Am Markt' } });
    expect(await users.findById(id)).toMatchObject({ department: { id: 7 }, address: { street: 'Am Markt' } });
    await users.disable(id);
    expect((await users.findById(id))?.disabledAt).toBeInstanceOf(Date);
    await users.enable(id);
    await users.remove(id);
    expect(await users.findById(id)).toBeNull();
  });

  it('a reference to a related row is stored, and rows that refer to the user are not', async () => {
    class Team {
      declare id: number;
    }
    PrimaryColumn({ type: 'int' })(Team.prototype, 'id');
    Entity('teams')(Team);
    class Member extends Employee {
      declare team?: Team | null;
      declare teamId?: number | null;
      declare guilds?: Team[];
      declare houses?: Team[];
    }
    Column({ type: 'int', name: 'team_id', nullable: true })(Member.prototype, 'teamId');
    ManyToOne(() => Team, { nullable: true })(Member.prototype, 'team');
    JoinColumn({ name: 'team_id' })(Member.prototype, 'team');
    ManyToMany(() => Team, { eager: true })(Member.prototype, 'guilds');
    JoinTable({ name: 'member_guilds', joinColumn: { name: 'member' }, inverseJoinColumn: { name: 'guild' } })(
      Member.prototype,
      'guilds',
    );
    ManyToMany(() => Team)(Member.prototype, 'houses');
    JoinTable({ name: 'member_houses' })(Member.prototype, 'houses');
    Entity('users')(Member);
    class MemberColumns1764000002000 implements MigrationInterface {
      up = (runner: QueryRunner) =>
        runner.query(`CREATE TABLE teams (id integer PRIMARY KEY); INSERT INTO teams VALUES (7), (8);
          ALTER TABLE users ADD team_id integer REFERENCES teams;
          CREATE TABLE member_guilds (member uuid REFERENCES users ON DELETE CASCADE, guild integer REFERENCES teams)`);
      down = (runner: QueryRunner) => runner.query('ALTER TABLE users DROP team_id');
    }
    const structure = { user: Member, imports: [TypeOrmModule.forFeature([Team])] };
    const { app } = await boot(structure, {}, [MemberColumns1764000002000]);
    const users = app.get<UsersService<Member>>(UsersService);
    const given = { costCentre: 'CC-1', floor: 1, nickname: null, badgeNumber: null, privateNote: null };
    const user = await users.create({ email: 'ada@example.com', ...given, team: { id: 7 }, guilds: [] });
    expect(user).toMatchObject({ teamId: 7, guilds: [] });
    expect(await users.update(user.id, { team: { id: 8 } })).toMatchObject({ teamId: 8 });
    await app.get(Database).manager.query('INSERT INTO member_guilds VALUES ($1, 7)', [user.id]);
    const { guilds } = (await users.findById(user.id))!;
    expect(await users.update(user.id, { guilds, floor: 2 })).toMatchObject({ floor: 2, guilds: [{ id: 7 }] });
    const refusal = { name: 'TypeError', message: expect.stringContaining('their own repository') };
    for (const changes of [{ guilds: [] }, { guilds: [{ id: 8 }] }, { houses: [] }]) {
      await expect(users.update(user.id, { ...changes, floor: 3 })).rejects.toMatchObject(refusal);
    }
    const withGuilds = { email: 'eve@example.com', ...given, guilds: [{ id: 7 }] };
    await expect(users.create(withGuilds)).rejects.toMatchObject(refusal);
    expect(await users.findByEmail('eve@example.com')).toBeNull();
    expect(await users.findById(user.id)).toMatchObject({ floor: 2, guilds: [{ id: 7 }] });
  });

  it('a claim value that an access token cannot carry is rejected, and the user stays unchanged', async () => {
    class Preferring extends Employee {
      declare prefs?: object | null;
    }
    UserField({ register: 'optional', write: 'self', read: 'self', claim: 'prefs' })(Preferring.prototype, 'prefs');
    Column({ type: 'jsonb', nullable: true })(Preferring.prototype, 'prefs');
    IsObject()(Preferring.prototype, 'prefs');
    Entity('users')(Preferring);
    class Prefs1764000002000 implements MigrationInterface {
      up = (runner: QueryRunner) => runner.query('ALTER TABLE users ADD prefs jsonb');
      down = (runner: QueryRunner) => runner.query('ALTER TABLE users DROP prefs');
    }
    const { app, call } = await boot({ user: Preferring }, {}, [Prefs1764000002000]);
    const users = app.get<UsersService<Preferring>>(UsersService);
    const given = { costCentre: 'CC-1', floor: 1, nickname: null, badgeNumber: null, privateNote: null };
    const { id } = await users.create({ email: 'ada@example.com', ...given, prefs: { a: 'x'.repeat(3000) } });
    const { status, body } = await call('PATCH', '/users/me', await tokenFor(id), { prefs: { a: 'x'.repeat(9000) } });
    expect({ status, code: body.code, errors: body.errors }).toMatchObject({
      status: 400,
      code: 'validation-failed',
      errors: [{ pointer: '/prefs' }],
    });
    await users.update(id, { nickname: 'Ada' });
    expect(await users.findById(id)).toMatchObject({ nickname: 'Ada', prefs: { a: 'x'.repeat(3000) } });
    const tooMuch = { email: 'eve@example.com', ...given, prefs: { a: 'x'.repeat(5000) } };
    await expect(users.create(tooMuch)).rejects.toMatchObject({ code: 'validation-failed' });
    expect(await users.findByEmail('eve@example.com')).toBeNull();
  });

  it('two simultaneous changes are both kept', async () => {
    const { users } = await boot({ user: Employee });
    const { id } = await users.create({ email: 'ada@example.com', costCentre: 'CC-1', floor: 1 });
    for (let round = 0; round < 20; round += 1) {
      await Promise.all([users.update(id, { nickname: `n${round}` }), users.update(id, { floor: round })]);
      expect(await users.findById(id)).toMatchObject({ nickname: `n${round}`, floor: round, costCentre: 'CC-1' });
    }
  });

  it('a new address counts as unverified', async () => {
    const { users } = await boot({ user: Employee });
    const emailVerifiedAt = new Date(0);
    const { id } = await users.create({ email: 'ada@example.com', emailVerifiedAt, costCentre: 'CC-1', floor: 1 });
    expect((await users.update(id, { email: 'ADA@example.com' })).emailVerifiedAt).toEqual(emailVerifiedAt);
    expect(await users.update(id, { email: 'ada@example.org' })).toMatchObject({ emailVerifiedAt: null });
    await users.create({ email: 'eve@example.com', costCentre: 'CC-1', floor: 1 });
    await expect(users.update(id, { email: 'Eve@example.com' })).rejects.toThrow(EmailTakenError);
  });

  it('disabling a user in a transaction that rolls back has no effect and publishes no event', async () => {
    const { users, app, heard } = await boot({ user: Employee });
    const { id } = await users.create({ email: 'ada@example.com', costCentre: 'CC-1', floor: 1 });
    const work = app.get(Database).transaction(async () => {
      await users.disable(id);
      throw new Error('The rest failed.');
    });
    await expect(work).rejects.toThrow('The rest failed.');
    expect((await users.findById(id))?.disabledAt).toBeNull();
    expect(heard).toEqual([]);
  });

  it('EntityPrincipalMapper passes the entity to @CurrentUser() and rejects a subject without a user', async () => {
    const { users, call } = await boot({ user: Employee }, { mapper: EntityPrincipalMapper });
    const { id } = await users.create({ email: 'ada@example.com', costCentre: 'CC-7', floor: 1 });
    expect((await call('GET', '/desk', await tokenFor(id))).body).toEqual({ isEntity: true, costCentre: 'CC-7' });
    for (const token of [await tokenFor('orders'), await tokenFor(id, { from: 'foreign' })]) {
      expect((await call('GET', '/desk', token)).status).toBe(401);
    }
  });

  it('EntityPrincipalMapper accepts services, which have no user, and rejects their tokens if they name a session', async () => {
    const { users, call } = await boot({ user: Employee }, { mapper: EntityPrincipalMapper });
    const { id } = await users.create({ email: 'ada@example.com', costCentre: 'CC-7', floor: 1 });
    const service = await tokenFor('payroll', { scope: 'users:read' });
    expect((await call('GET', `/users/${id}`, service)).status).toBe(200);
    expect((await call('GET', `/users/${id}`, await tokenFor('payroll'))).status).toBe(403);
    expect((await call('GET', '/desk', service)).status).toBe(401);
    const ofSession = await tokenFor(randomUUID(), { scope: 'users:read', sessionId: randomUUID() });
    expect((await call('GET', `/users/${id}`, ofSession)).status).toBe(403);
    expect((await call('GET', '/desk', ofSession)).status).toBe(401);
  });

  it('the users’ routes are closed if the application has no global guard', async () => {
    const { call } = await boot({ user: Employee }, { global: false });
    for (const [method, path] of [
      ['GET', '/users/me'],
      ['DELETE', '/users/me'],
      ['GET', '/users'],
      ['POST', `/users/${randomUUID()}/disable`],
    ] as const) {
      expect((await call(method, path)).status).toBe(401);
    }
  });

  it('requests for the own account answer 401, never 404, if they race with its deletion', async () => {
    const { users, call } = await boot({ user: Employee, confirmation: Sesame, deletionGraceDays: 0 });
    for (let round = 0; round < 10; round += 1) {
      const { id } = await users.create({ email: `ada${round}@example.com`, costCentre: 'CC-1', floor: 1 });
      const token = await tokenFor(id);
      const answers = await Promise.all([
        ...Array.from({ length: 3 }, () => call('DELETE', '/users/me', token, { password: 'open sesame' })),
        ...Array.from({ length: 3 }, (_, floor) => call('PATCH', '/users/me', token, { floor: floor + 2 })),
        call('GET', '/users/me', token),
      ]);
      const refused = answers.filter(({ status }) => status >= 400);
      expect(refused.map(({ status, body }) => [status, body.code])).toEqual(refused.map(() => [401, 'invalid-token']));
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
      expect(await users.findById(id)).toBeNull();
    }
  });

  it('a request answers 401 if the account is deleted while its owner confirms the password', async () => {
    @Injectable()
    class Slow extends IdentityConfirmation {
      constructor(private readonly users: UsersService) {
        super();
      }
      confirm = (id: string) => this.users.remove(id);
    }
    const { users, call } = await boot({ user: Employee, confirmation: Slow });
    const { id } = await users.create({ email: 'ada@example.com', costCentre: 'CC-1', floor: 1 });
    const { status, body, headers } = await call('DELETE', '/users/me', await tokenFor(id), { password: 'x' });
    expect([status, body.code, headers.get('www-authenticate')]).toEqual([401, 'invalid-token', expect.any(String)]);
  });

  it('the OpenAPI document shows the rejections of the confirmation, also for a controller of the team', async () => {
    class TooLateError extends AuthError {
      readonly code = 'too-late';
      readonly status = 503;
      readonly title = 'The account cannot be confirmed any more.';
    }
    @ApiProblems(TooLateError)
    class OfficeHours extends Sesame {}
    class MyMeController extends meControllerOf(Employee) {}
    for (const controllers of [{}, { me: MyMeController }]) {
      const { app } = await boot({ user: Employee, confirmation: OfficeHours, controllers });
      const { responses } = documentOf(app).paths['/users/me']!.delete!;
      expect(responses['503']).toMatchObject({ description: expect.stringContaining('`too-late`') });
    }
  });

  it('UsersModule works without a class of the team, and rejects deletion without an identity confirmation', async () => {
    const { app, call } = await boot({ user: User });
    const users = app.get<UsersService>(UsersService);
    const { id } = await users.create({ email: 'ada@example.com' });
    const token = await tokenFor(id);
    expect((await call('GET', '/users/me', token)).body).toMatchObject({ id, email: 'ada@example.com' });
    expect((await call('PATCH', '/users/me', token, { isAdmin: true })).status).toBe(400);
    const { status, body } = await call('DELETE', '/users/me', token, { password: 'x' });
    expect({ status, code: body.code }).toEqual({ status: 403, code: 'confirmation-unavailable' });
  });

  it("the team's controllers replace the built-in ones, and `false` removes a controller", async () => {
    @Controller('users/me')
    class MyMeController extends meControllerOf(Employee) {
      @Get('badge')
      readBadge(@CurrentPrincipal() principal: Principal) {
        return { of: principal.subject };
      }
    }
    const { users, call } = await boot({ user: Employee, controllers: { me: MyMeController, admin: false } });
    const { id } = await users.create({ email: 'ada@example.com', costCentre: 'CC-1', floor: 1 });
    const token = await tokenFor(id, { scope: 'users:read' });
    expect((await call('GET', '/users/me/badge', token)).body).toEqual({ of: id });
    expect((await call('GET', '/users/me', token)).status).toBe(200);
    expect((await call('PATCH', '/users/me', token, { privateNote: 'x' })).status).toBe(400);
    expect((await call('GET', '/users/me/badge')).status).toBe(401);
    expect((await call('GET', '/users', token)).status).toBe(404);
  });

  it('an overridden route keeps its path, scopes, validation and documentation', async () => {
    @Injectable()
    class Badges {
      readonly asked: unknown[] = [];
    }
    class FrozenError extends AuthError {
      readonly code = 'frozen';
      readonly status = 423;
      readonly title = 'The profile cannot be changed currently.';
    }
    @Controller('users/me')
    class MyMeController extends meControllerOf(Employee) {
      constructor(private readonly badges: Badges) {
        super();
      }
      override async readMe(principal: Principal) {
        return { ...(await super.readMe(principal)), nickname: 'of the team' };
      }
      @ApiProblems(FrozenError)
      override async updateMe(principal: Principal, changes: TeamFields<Employee>) {
        this.badges.asked.push(changes);
        if (changes.floor === 13) throw new FrozenError();
        return super.updateMe(principal, { ...changes, nickname: `${changes.nickname}!` });
      }
    }
    @Controller('users')
    class MyAdminController extends adminUsersControllerOf(Employee) {
      override async listUsers(query: ListUsersDto) {
        return { ...(await super.listUsers(query)), next: 'never' };
      }
      @Get(':id')
      override async readUser(@Param('id') id: string) {
        return super.readUser(id);
      }
    }
    @Module({ providers: [Badges], exports: [Badges] })
    class BadgesModule {}
    const { users, call, app } = await boot({
      user: Employee,
      controllers: { me: MyMeController, admin: MyAdminController },
      imports: [BadgesModule],
    });
    const { id } = await users.create({ email: 'ada@example.com', costCentre: 'CC-1', floor: 1 });
    const token = await tokenFor(id);
    expect((await call('GET', '/users/me', token)).body).toMatchObject({ id, nickname: 'of the team' });
    expect((await call('PATCH', '/users/me', token, { nickname: 'Ada' })).body).toMatchObject({ nickname: 'Ada!' });
    for (const changes of [{ privateNote: 'x' }, { costCentre: 'CC-2' }, { floor: '3' }]) {
      expect((await call('PATCH', '/users/me', token, changes)).status).toBe(400);
    }
    expect((await call('PATCH', '/users/me', token, { floor: 13 })).body.code).toBe('frozen');
    expect(app.get(Badges).asked).toEqual([{ nickname: 'Ada' }, { floor: 13 }]);

    const reader = await tokenFor(id, { scope: 'users:read' });
    expect((await call('GET', '/users?limit=1', reader)).body).toMatchObject({ users: [{ id }], next: 'never' });
    expect((await call('GET', '/users?limit=x', reader)).status).toBe(400);
    expect((await call('GET', `/users/${id}`, reader)).status).toBe(200);
    for (const path of ['/users', `/users/${id}`]) {
      expect((await call('GET', path)).status).toBe(401);
      expect((await call('GET', path, token)).body.code).toBe('permission-missing');
    }

    const mine = documentOf(app).paths;
    const shipped = documentOf((await boot({ user: Employee })).app).paths;
    const frozen = mine['/users/me']!.patch!.responses['423'];
    expect(frozen).toMatchObject({ description: expect.stringContaining('frozen') });
    delete mine['/users/me']!.patch!.responses['423'];
    expect(mine).toEqual(shipped);
  });

  it('the OpenAPI document describes each operation with its errors and the DTOs of the entity', async () => {
    const { app } = await boot({ user: Employee });
    const { paths, components } = documentOf(app);
    const operations = Object.entries(paths)
      .filter(([path]) => path.startsWith('/users'))
      .flatMap(([, item]) => Object.values(item as Record<string, Json>));
    expect(operations.map(({ operationId }) => operationId).toSorted()).toEqual(
      'createUser deleteMe deleteUser disableUser enableUser listUsers readMe readUser updateMe updateUser'.split(' '),
    );
    for (const { operationId, summary, description, responses, security } of operations) {
      expect([operationId, summary, description]).toEqual([operationId, expect.any(String), expect.any(String)]);
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401']));
      expect(security).toHaveLength(1);
      const [, success] = Object.entries<Json>(responses).find(([status]) => status.startsWith('2'))!;
      if (success.content) expect(success.content['application/json'].example).toBeDefined();
    }
    expect(components?.schemas).toMatchObject({
      UpdateMeDto: { properties: { nickname: { maxLength: 40 }, floor: { type: 'integer' } } },
      UpdateUserDto: { properties: { costCentre: { pattern: '^CC-\\d+$' } } },
      OwnEmployeeDto: { required: expect.arrayContaining(['id', 'costCentre']) },
    });
    expect(components?.schemas?.['UpdateMeDto']).not.toHaveProperty('properties.costCentre');
  });

  it('the start fails if the table lacks columns of the class, and prints the migration that adds them', async () => {
    const Promoted = class Promoted extends Employee {};
    const column = (options: object) => Column(options);
    column({ name: 'job_title', type: 'varchar', length: 80, default: 'clerk' })(Promoted.prototype, 'jobTitle');
    column({ type: 'enum', enum: ['north', 'south'], nullable: true })(Promoted.prototype, 'wing');
    Entity('users')(Promoted);
    const message = await boot({ user: Promoted }).catch((error: Error) => error.message);
    expect(message).toBe(
      [
        'UsersModule: the table "users" lacks the columns "job_title", "wing" that Promoted declares.',
        'Add them by a migration, and list its class in `migrations`. For example:',
        `  CREATE TYPE "public"."users_wing_enum" AS ENUM('north', 'south');`,
        `  ALTER TABLE "users" ADD "job_title" character varying(80) NOT NULL DEFAULT 'clerk';`,
        '  ALTER TABLE "users" ADD "wing" "public"."users_wing_enum";',
      ].join('\n'),
    );
  });

  it('the users are stored in the schema that the database URL names', async () => {
    const schema = new DataSource({ type: 'postgres', driver: pg, extra: { connectionString: database.url } });
    await schema.initialize();
    await schema.query('CREATE SCHEMA acme');
    const options = `options=-c%20search_path%3Dacme`;
    const running = await start(`${database.url}${database.url.includes('?') ? '&' : '?'}${options}`, 'fastify', {
      user: Employee,
    });
    apps.push(running);
    const { id } = await running.users.create({ email: 'ada@example.com', costCentre: 'CC-1', floor: 1 });
    expect((await running.call('GET', '/users/me', await tokenFor(id))).status).toBe(200);
    expect(await schema.query('SELECT id FROM acme.users')).toEqual([{ id }]);
    await schema.destroy();
  });

  it('hooks for creation and loading are called, and a hook that would not be called stops the start', async () => {
    const withHook = (hook: (prototype: object, method: string) => void) => {
      class Hooked extends Employee {
        tidy(): void {
          this.nickname = this.nickname?.trim() ?? null;
        }
      }
      hook(Hooked.prototype, 'tidy');
      Entity('users')(Hooked);
      return { user: Hooked };
    };
    for (const hook of [BeforeInsert(), AfterLoad()]) {
      const { users } = await boot(withHook(hook));
      const email = `${randomUUID()}@example.com`;
      const { id } = await users.create({ email, costCentre: 'CC-1', floor: 1, nickname: ' Ada ' });
      expect(await users.findById(id)).toMatchObject({ nickname: 'Ada' });
    }
    class Address {
      declare street: string | null;
      tidy(): void {
        this.street = null;
      }
    }
    Column({ type: 'varchar', nullable: true })(Address.prototype, 'street');
    BeforeUpdate()(Address.prototype, 'tidy');
    const everyHook = withHook((prototype, method) => {
      for (const hook of [BeforeUpdate(), AfterUpdate(), BeforeRemove(), AfterRemove()]) hook(prototype, method);
      Column(() => Address)(prototype, 'address');
    });
    await expect(boot(everyHook)).rejects.toThrow(
      'UsersModule: nothing calls Hooked.tidy (@BeforeUpdate), Hooked.tidy (@AfterUpdate), ' +
        'Hooked.tidy (@BeforeRemove), Hooked.tidy (@AfterRemove), Address.tidy (@BeforeUpdate), because UsersService',
    );
  });

  it('a class that cannot be a user stops the start, and the error says what to write', () => {
    class Stranger {
      readonly id = '1';
    }
    const write = () => UsersModule.forRoot({ user: Stranger as Type<UserBase> });
    expect(write).toThrow('UsersModule: Stranger must extend UserBase: write "class … extends UserBase".');
  });
});
