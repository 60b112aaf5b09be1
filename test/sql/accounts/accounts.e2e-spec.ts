import { Controller, Injectable, Module } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { OnEvent } from '@nestjs/event-emitter';
import { IsOptional, Matches } from 'class-validator';
import { createHttpAdapter, documentOf, HealthController, PosternModule } from 'postern';
import type { PosternStructure } from 'postern';
import { registrationControllerOf, UserRegistered } from 'postern/accounts';
import type { NewAccount } from 'postern/accounts';
import type { Principal } from 'postern/auth';
import { LogMailer, Mailer } from 'postern/mail';
import type { MailMessage } from 'postern/mail';
import { PasswordController } from 'postern/password';
import type { LoginDto } from 'postern/password';
import { Database } from 'postern/persistence';
import { SessionsController } from 'postern/sessions';
import type { RequestLike } from 'postern/sessions';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { UserBase, UserField } from 'postern/users';
import { Column, Entity } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { until } from '../../support/until.js';

const PASSWORD = 'seven small boats at noon';

@Entity('users')
class Employee extends UserBase {
  @UserField({ register: 'required', write: 'self', read: 'self', example: 'CC-1042' })
  @Column({ name: 'cost_centre', type: 'varchar', length: 12 })
  @Matches(/^CC-\d+$/)
  costCentre!: string;

  @UserField({ register: 'optional', write: 'self', read: 'self', example: 'Ada' })
  @Column({ name: 'nickname', type: 'varchar', length: 40, nullable: true })
  @IsOptional()
  nickname!: string | null;

  @UserField({ register: false, write: 'admin', read: 'admin', example: 1 })
  @Column({ name: 'grade', type: 'int', default: 0 })
  grade!: number;
}

class EmployeeColumns1800000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE users ADD cost_centre varchar(12) NOT NULL, ADD nickname varchar(40),
      ADD grade int NOT NULL DEFAULT 0`);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP cost_centre, DROP nickname, DROP grade');
  }
}

@Injectable()
class Outbox extends Mailer {
  readonly sent: MailMessage[] = [];
  async send(message: MailMessage): Promise<void> {
    this.sent.push(message);
  }
}

@Injectable()
class Registrations {
  readonly told: UserRegistered[] = [];

  @OnEvent(UserRegistered.type)
  note(event: UserRegistered): void {
    this.told.push(event);
  }
}

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & {
    code?: string;
    errors?: { pointer: string; code?: string }[];
    access_token?: string;
  };
}

class Server {
  private constructor(
    readonly app: INestApplication,
    readonly database: TestDatabase,
    private readonly url: string,
  ) {}

  static async open(
    kind: 'fastify' | 'express',
    structure: PosternStructure & { production?: boolean } = {},
  ): Promise<Server> {
    const database = await createTestDatabase();
    @Module({
      imports: [
        PosternModule.forRoot({
          issuer: 'https://id.example.test',
          secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
          databaseUrl: database.url,
          // This test is about the race at the database, not about the queue before the hash.
          password: { argon2: { memoryKiB: 1024, iterations: 1 } },
          limits: { mailAddress: false },
          ...structure,
        }),
      ],
      providers: [Registrations],
    })
    class AppModule {}
    const app = await NestFactory.create(AppModule, await createHttpAdapter(kind), {
      logger: false,
      abortOnError: false,
    });
    await app.listen(0, '127.0.0.1');
    return new Server(app, database, await app.getUrl());
  }

  async call(method: string, path: string, body: unknown, token?: string): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text ? JSON.parse(text) : {}) as Answer['body'],
    };
  }
  register = (body: object) => this.call('POST', '/auth/register', body);

  async count(table: 'users' | 'password_credentials'): Promise<number> {
    const rows = await this.app.get(Database).manager.query(`SELECT count(*)::int AS count FROM ${table}`);
    return (rows as { count: number }[])[0]!.count;
  }
  async close(): Promise<void> {
    await this.app.close();
    await this.database.drop();
  }
}

describe.each(['fastify', 'express'] as const)('registration over HTTP on %s', (kind) => {
  let server: Server;

  beforeAll(async () => {
    server = await Server.open(kind, { user: Employee, migrations: [EmployeeColumns1800000000000], mailer: Outbox });
  });
  afterAll(() => server?.close());

  const pointersOf = ({ body }: Answer) => [...new Set(body.errors?.map(({ pointer }) => pointer))].sort();

  it("registration creates a user of the team's class that can log in, and returns the fields that users may see", async () => {
    const answer = await server.register({
      email: ' Ada@Example.COM',
      password: PASSWORD,
      costCentre: 'CC-1',
      nickname: 'A.',
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      email: 'ada@example.com',
      emailVerifiedAt: null,
      createdAt: expect.any(String) as string,
      updatedAt: expect.any(String) as string,
      costCentre: 'CC-1',
      nickname: 'A.',
    });
    expect(server.app.get(Registrations).told).toMatchObject([{ userId: answer.body.id }]);
    expect(JSON.stringify(server.app.get(Registrations).told)).not.toMatch(/example\.com|boats/);
    const login = await server.call('POST', '/auth/login', { email: 'ada@example.com', password: PASSWORD });
    expect(login.status).toBe(200);
  });

  it.each<[string, object, string[]]>([
    ['without a required field', { costCentre: undefined }, ['/costCentre']],
    ['with a field that breaks its rule', { costCentre: 'none' }, ['/costCentre']],
    ['with a field that cannot be registered', { grade: 9 }, ['/grade']],
    ['that sets the address as verified', { emailVerifiedAt: '2026-01-01T00:00:00Z' }, ['/emailVerifiedAt']],
    ['with an id', { id: '019abfc2-617b-7000-a1b2-c3d4e5f60718' }, ['/id']],
    ['with a hash', { passwordHash: 'x', hash: 'y' }, ['/hash', '/passwordHash']],
    ['without an address', { email: undefined }, ['/email']],
    ['with two addresses in one field', { email: 'a@example.com,b@example.com' }, ['/email']],
    ['with a NUL in the address', { email: 'a\0@example.com' }, ['/email']],
    ['without a password', { password: undefined }, ['/password']],
    ['with a number for a password', { password: 123456789012345 }, ['/password']],
    ['with a NUL in the password', { password: 'seven small\0boats' }, ['/password']],
  ])('registration is rejected %s', async (_, changed, pointers) => {
    const before = await server.count('users');
    const answer = await server.register({
      email: 'bob@example.com',
      password: PASSWORD,
      costCentre: 'CC-2',
      ...changed,
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation-failed' } });
    expect(pointersOf(answer)).toEqual(pointers);
    expect(await server.count('users')).toBe(before);
  });

  it('a weak password is rejected with all reasons in one answer', async () => {
    const answer = await server.register({ email: 'hopper@example.com', password: 'hopper1234', costCentre: 'CC-2' });
    expect(answer).toMatchObject({ status: 400, body: { code: 'password-rejected' } });
    expect(answer.body.errors?.map(({ pointer, code }) => `${pointer} ${code}`)).toEqual([
      '/password password-too-short',
      '/password password-too-common',
      '/password password-contains-context',
    ]);
  });

  it('an address that is taken in any spelling is rejected with 409', async () => {
    await server.register({ email: 'carol@example.com', password: PASSWORD, costCentre: 'CC-3' });
    for (const email of ['carol@example.com', 'CAROL@example.com', 'carol@EXAMPLE.com ', 'ｃarol@example.com']) {
      const answer = await server.register({ email, password: PASSWORD, costCentre: 'CC-3' });
      expect(answer).toMatchObject({ status: 409, body: { code: 'email-taken' } });
    }
  });

  it('200 simultaneous registrations of one address create one user', async () => {
    const before = [await server.count('users'), await server.count('password_credentials')];
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) =>
        server.register({
          email: n % 2 ? 'dave@example.com' : 'Dave@Example.com',
          password: PASSWORD,
          costCentre: `CC-${n}`,
        }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([201, ...Array.from({ length: 199 }, () => 409)]);
    expect([await server.count('users'), await server.count('password_credentials')]).toEqual(before.map((n) => n + 1));
  });

  it('a password change sends a notification mail to the user', async () => {
    const outbox = server.app.get<Outbox>(Mailer);
    await server.register({ email: 'erin@example.com', password: PASSWORD, costCentre: 'CC-4' });
    const login = await server.call('POST', '/auth/login', { email: 'erin@example.com', password: PASSWORD });
    const change = { currentPassword: PASSWORD, newPassword: 'nine grey herons by the weir' };
    await server.call('POST', '/auth/password/change', change, login.body.access_token);
    const notices = () => outbox.sent.filter((mail) => mail.kind === 'password-changed');
    await until(() => notices().length > 0);
    expect(notices()).toMatchObject([{ to: 'erin@example.com' }]);
    expect(JSON.stringify(outbox.sent)).not.toMatch(/boats|herons/);
  });

  it('the OpenAPI document describes the registration fields of the user class', () => {
    const document = documentOf(server.app) as unknown as {
      paths: Record<string, Record<string, { operationId: string; security?: unknown; responses: object }>>;
      components: { schemas: Record<string, { required: string[]; properties: object }> };
    };
    const operation = document.paths['/auth/register']!.post!;
    expect(operation.operationId).toBe('register');
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['201', '400', '409', '503']));
    const schema = document.components.schemas.RegistrationDto!;
    expect(Object.keys(schema.properties).sort()).toEqual(['costCentre', 'email', 'nickname', 'password']);
    expect([...schema.required].sort()).toEqual(['costCentre', 'email', 'password']);
    expect(document.paths['/auth/login']!.post!.operationId).toBe('login');
    expect(document.paths['/auth/password/change']!.post!.operationId).toBe('changePassword');
  });
});

describe('accounts in production without a mailer', () => {
  it('AccountsModule starts and serves requests without a mailer, and sends no mail', async () => {
    const server = await Server.open('fastify', { production: true });
    try {
      expect(server.app.get(Mailer)).toBeInstanceOf(LogMailer);
      const registered = await server.register({ email: 'ada@example.com', password: PASSWORD });
      expect(registered.status).toBe(201);
      const login = await server.call('POST', '/auth/login', { email: 'ada@example.com', password: PASSWORD });
      const change = { currentPassword: PASSWORD, newPassword: 'nine grey herons by the weir' };
      const changed = await server.call('POST', '/auth/password/change', change, login.body.access_token);
      expect(changed.status).toBe(204);
    } finally {
      await server.close();
    }
  });
});

describe('overridden routes', () => {
  @Injectable()
  class Invitations {
    readonly spent: string[] = [];
  }

  @Module({ providers: [Invitations], exports: [Invitations] })
  class InvitationsModule {}

  @Controller('auth')
  class InvitedOnly extends registrationControllerOf(Employee) {
    constructor(private readonly invitations: Invitations) {
      super();
    }

    override async register(account: NewAccount<Employee>) {
      this.invitations.spent.push(account.email);
      return { ...(await super.register(account)), nickname: 'invited' };
    }
  }

  class Logins extends PasswordController {
    override async login(credentials: LoginDto, request: RequestLike) {
      return Object.assign(await super.login(credentials, request), { scope: 'of the team' });
    }
  }

  class Sessions extends SessionsController {
    override async listSessions(principal: Principal) {
      return (await super.listSessions(principal)).map((session) => Object.assign(session, { device: 'a toaster' }));
    }
  }

  class Health extends HealthController {
    override async live() {
      return Object.assign(await super.live(), { details: { team: { status: 'up' as const } } });
    }
  }

  it('a route that a team overrides keeps its guard, validation, answer and documentation', async () => {
    const structure = { user: Employee, migrations: [EmployeeColumns1800000000000], imports: [InvitationsModule] };
    const controllers = { accounts: InvitedOnly, password: Logins, sessions: Sessions, health: Health };
    const [server, shipped] = [
      await Server.open('fastify', { ...structure, controllers }),
      await Server.open('fastify', structure),
    ];
    try {
      const account = { email: ' Ada@example.com', password: PASSWORD, costCentre: 'CC-1' };
      expect((await server.register({ ...account, grade: 9 })).body.errors).toMatchObject([{ pointer: '/grade' }]);
      const registered = await server.register(account);
      expect([registered.status, registered.body]).toMatchObject([201, { costCentre: 'CC-1', nickname: 'invited' }]);
      expect(server.app.get(Invitations).spent).toEqual(['ada@example.com']);
      const login = await server.call('POST', '/auth/login', { email: account.email, password: PASSWORD });
      expect([login.status, login.body]).toMatchObject([200, { scope: 'of the team' }]);
      expect(login.headers.get('cache-control')).toBe('no-store');
      const sessions = (token?: string) =>
        server.app
          .getUrl()
          .then((url) => fetch(`${url}/auth/sessions`, { headers: token ? { authorization: `Bearer ${token}` } : {} }));
      expect((await sessions()).status).toBe(401);
      expect(await (await sessions(login.body.access_token)).json()).toMatchObject([{ device: 'a toaster' }]);
      const live = await fetch(`${await server.app.getUrl()}/health/live`);
      expect(await live.json()).toMatchObject({ details: { team: { status: 'up' } } });
      expect(documentOf(server.app).paths).toEqual(documentOf(shipped.app).paths);
    } finally {
      await server.close();
      await shipped.close();
    }
  });
});
