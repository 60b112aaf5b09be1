import { randomBytes, randomUUID } from 'node:crypto';
import { Controller, Module, Param, Post } from '@nestjs/common';
import { PosternModule } from 'postern';
import { Public } from 'postern/auth';
import { Database } from 'postern/persistence';
import { ClaimsProvider } from 'postern/sessions';
import type { SessionClaims } from 'postern/sessions';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { UserBase, UserConflictError, UserField, UsersService } from 'postern/users';
import { Column, Entity } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Without separators: a part of a UUID, such as `b0a7`, could count as a word of the password. */
const newAddress = () => `${randomUUID().replaceAll('-', '')}@example.com`;

const PASSWORD = 'seven small boats at noon';
const written = { register: 'optional', write: 'self', read: 'self' } as const;

@Entity('users')
class Clerk extends UserBase {
  @UserField(written)
  @Column({ name: 'department_id', type: 'uuid', nullable: true })
  departmentId?: string | null;

  /** Its foreign key is deferred to the commit. */
  @UserField(written)
  @Column({ name: 'branch_id', type: 'int', nullable: true })
  branchId?: number | null;

  @UserField(written)
  @Column({ name: 'manager_id', type: 'uuid', nullable: true })
  managerId?: string | null;

  /** Unique regardless of case. */
  @UserField(written)
  @Column({ type: 'varchar', length: 20, nullable: true })
  handle?: string | null;

  /** Unique by an exclusion constraint. */
  @UserField(written)
  @Column({ type: 'int', nullable: true })
  seat?: number | null;

  /** Unique by a deferred constraint. */
  @UserField(written)
  @Column({ name: 'late_code', type: 'varchar', length: 20, nullable: true })
  lateCode?: string | null;

  /** Referred to by `parcels`. */
  @UserField(written)
  @Column({ type: 'varchar', length: 20, nullable: true, unique: true })
  box?: string | null;

  /** A column of a domain that allows a few values. */
  @UserField(written)
  @Column({ type: 'varchar', length: 20, nullable: true })
  grade?: string | null;

  /** Triggers check this column. */
  @UserField(written)
  @Column({ type: 'varchar', length: 20, nullable: true })
  motto?: string | null;

  /** A column of any length; only its index limits it. */
  @UserField(written)
  @Column({ type: 'text', nullable: true, unique: true })
  essay?: string | null;
}

class ClerkColumns1764000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE departments (id uuid PRIMARY KEY);
      CREATE TABLE branches (id int PRIMARY KEY);
      ALTER TABLE users ADD department_id uuid REFERENCES departments,
        ADD branch_id int REFERENCES branches DEFERRABLE INITIALLY DEFERRED,
        ADD manager_id uuid REFERENCES users,
        ADD handle varchar(20), ADD seat int, ADD late_code varchar(20), ADD box varchar(20) UNIQUE,
        ADD CONSTRAINT users_seat_excl EXCLUDE (seat WITH =),
        ADD CONSTRAINT users_late_code_key UNIQUE (late_code) DEFERRABLE INITIALLY DEFERRED;
      CREATE DOMAIN grade AS varchar(20) CHECK (VALUE IN ('junior', 'senior'));
      ALTER TABLE users ADD grade grade, ADD motto varchar(20), ADD essay text UNIQUE;
      CREATE TABLE mottos (motto varchar(20) CHECK (motto <> 'elsewhere'));
      CREATE FUNCTION look_at_motto() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.motto = 'raised' THEN RAISE EXCEPTION 'a secret of the trigger'; END IF;
        IF NEW.motto = 'raised as a check' THEN
          RAISE EXCEPTION 'a secret of the trigger' USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO mottos VALUES (NEW.motto);
        RETURN NEW;
      END $$;
      CREATE FUNCTION look_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.motto = 'late' THEN RAISE EXCEPTION 'a secret of the trigger' USING TABLE = TG_TABLE_NAME; END IF;
        RETURN NULL;
      END $$;
      CREATE CONSTRAINT TRIGGER late_motto AFTER INSERT OR UPDATE ON users DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION look_late();
      CREATE TRIGGER motto BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION look_at_motto();
      CREATE UNIQUE INDEX ON users (lower(handle), coalesce(handle, 'email'));
      CREATE UNIQUE INDEX ON users (lower('handle')) WHERE late_code = 'none';
      CREATE TABLE orders (user_id uuid REFERENCES users);
      CREATE TABLE badges (user_id uuid REFERENCES users ON DELETE RESTRICT);
      CREATE TABLE late_orders (user_id uuid REFERENCES users DEFERRABLE INITIALLY DEFERRED);
      CREATE TABLE parcels (box varchar(20) REFERENCES users (box));
      CREATE TABLE late_parcels (box varchar(20) REFERENCES users (box) DEFERRABLE INITIALLY DEFERRED)`);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'DROP TABLE orders, badges, late_orders, parcels, late_parcels, branches, departments, mottos CASCADE',
    );
  }
}

class Administrators extends ClaimsProvider {
  claims(): SessionClaims {
    return { roles: ['administrator'] };
  }
}

/** A route of a team that creates a user and another row in one transaction. */
@Controller('teams')
@Public()
class TeamController {
  constructor(
    private readonly database: Database,
    private readonly users: UsersService<Clerk>,
  ) {}

  @Post(':code')
  async open(@Param('code') lateCode: string): Promise<void> {
    await this.database.transaction(() => this.users.create({ email: newAddress(), lateCode }));
  }
}

interface Body {
  readonly id: string;
  readonly code: string;
  readonly errors?: unknown;
  readonly access_token: string;
}

let database: TestDatabase;
let app: TestApplication;
let users: UsersService<Clerk>;

const query = (text: string, parameters?: unknown[]): Promise<{ count: number }[]> =>
  app.nest.get(Database).manager.query(text, parameters);
const account = (fields: Partial<Clerk> = {}) => ({
  email: newAddress(),
  password: PASSWORD,
  ...fields,
});
const register = (fields: Partial<Clerk>) => app.call<Body>('POST', '/auth/register', { body: account(fields) });

async function signUp(fields: Partial<Clerk> = {}): Promise<{ id: string; token: string }> {
  const body = account(fields);
  const { id } = (await app.call<Body>('POST', '/auth/register', { body })).body;
  const login = { body: { email: body.email, password: PASSWORD } };
  const { access_token: token } = (await app.call<Body>('POST', '/auth/login', login)).body;
  return { id, token };
}

beforeAll(async () => {
  database = await createTestDatabase();
  @Module({
    imports: [
      PosternModule.forRoot({
        issuer: 'https://id.example.test',
        secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
        databaseUrl: database.url,
        user: Clerk,
        claims: Administrators,
        users: { deletionGraceDays: 0 },
        migrations: [ClerkColumns1764000001000],
        password: { argon2: { memoryKiB: 1024, iterations: 1 } },
      }),
    ],
    controllers: [TeamController],
  })
  class AppModule {}
  app = await startTestApplication(AppModule);
  users = app.nest.get<UsersService<Clerk>>(UsersService);
});

afterAll(async () => {
  await app?.close();
  await database?.drop();
});

describe('a value that a constraint of the table rejects', () => {
  const REFERS_TO_NOTHING = 'refers to a row that does not exist';
  const anybody = randomUUID();

  it.each<[string, Partial<Clerk>, object]>([
    ['an unknown row', { departmentId: anybody }, [{ pointer: '/departmentId', detail: REFERS_TO_NOTHING }]],
    ['an unknown row, checked at the commit', { branchId: 7 }, [{ pointer: '/branchId', detail: REFERS_TO_NOTHING }]],
    ['an unknown user', { managerId: anybody }, [{ pointer: '/managerId', detail: REFERS_TO_NOTHING }]],
  ])('a value that refers to %s is answered with 400', async (_, fields, errors) => {
    const registered = await register(fields);
    expect(registered).toMatchObject({ status: 400, body: { code: 'validation-failed', errors } });
    const { id, token } = await signUp();
    for (const path of ['/users/me', `/users/${id}`]) {
      const changed = await app.call('PATCH', path, { token, body: fields });
      expect(changed).toMatchObject({ status: 400, body: { code: 'validation-failed', errors } });
    }
    expect(await users.findById(id)).toMatchObject(Object.fromEntries(Object.keys(fields).map((name) => [name, null])));
  });

  it.each<[string, Partial<Clerk>, string]>([
    ['a domain', { grade: 'admiral' }, 'holds a value that is not allowed'],
    ['a trigger', { motto: 'raised' }, 'holds a value that is not allowed'],
    ['a trigger at the commit', { motto: 'late' }, 'holds a value that is not allowed'],
    ['a trigger with the SQLSTATE of a check', { motto: 'raised as a check' }, 'holds a value that is not allowed'],
    [
      'an index whose rows are shorter',
      { essay: randomBytes(15_000).toString('base64') },
      'holds a value that cannot be stored',
    ],
  ])('a value that %s rejects is answered with 400 and no pointer', async (_, fields, detail) => {
    const refused = { status: 400, body: { code: 'validation-failed', errors: [{ pointer: '', detail }] } };
    const registered = await register(fields);
    expect(registered).toMatchObject(refused);
    expect(JSON.stringify(registered.body)).not.toContain('secret');
    const { id, token } = await signUp();
    for (const path of ['/users/me', `/users/${id}`]) {
      expect(await app.call('PATCH', path, { token, body: fields })).toMatchObject(refused);
    }
  });

  it('an error of a trigger on another table, or elsewhere in the transaction, is not an error of the caller', async () => {
    expect(await register({ motto: 'elsewhere' })).toMatchObject({ status: 500, body: { code: 'internal-error' } });
    const raise = "DO $$ BEGIN RAISE EXCEPTION 'raised'; END $$";
    const beside = app.nest.get(Database).transaction(async () => {
      await users.create(account());
      await query(raise);
    });
    await expect(beside).rejects.toMatchObject({ name: 'QueryFailedError', code: 'P0001' });
  });

  it.each<[string, Partial<Clerk>, object]>([
    ['an index on an expression', { handle: 'Ada' }, [{ pointer: '/handle', detail: 'belongs to another user' }]],
    ['an exclusion constraint', { seat: 7 }, [{ pointer: '/seat', detail: 'conflicts with that of another user' }]],
    ['a deferred constraint', { lateCode: 'x' }, [{ pointer: '/lateCode', detail: 'belongs to another user' }]],
  ])('a value that is taken by %s is answered with 409', async (_, fields, errors) => {
    expect((await register(fields)).status).toBe(201);
    const registered = await register(fields);
    expect(registered).toMatchObject({ status: 409, body: { code: 'conflict' } });
    expect(registered.body.errors).toEqual(errors);
    const { id, token } = await signUp();
    for (const path of ['/users/me', `/users/${id}`]) {
      const { status, body } = await app.call<Body>('PATCH', path, { token, body: fields });
      expect({ status, code: body.code, errors: body.errors }).toEqual({ status: 409, code: 'conflict', errors });
    }
    await expect(users.create({ ...account(), ...fields })).rejects.toThrow(UserConflictError);
  });

  it('a change of a value that other rows refer to is answered with 409', async () => {
    const { id, token } = await signUp({ box: 'B-1' });
    await query("INSERT INTO parcels VALUES ('B-1')");
    const { status, body } = await app.call<Body>('PATCH', '/users/me', { token, body: { box: 'B-2' } });
    expect({ status, code: body.code, errors: body.errors }).toEqual({
      status: 409,
      code: 'conflict',
      errors: [{ pointer: '/box', detail: 'is referenced by other data' }],
    });
    expect(await users.findById(id)).toMatchObject({ box: 'B-1' });
  });

  it('a conflict that names no field is answered with 409 and no pointer', async () => {
    await signUp({ lateCode: 'none' });
    const { status, body } = await register({ lateCode: 'none' });
    expect({ status, code: body.code, errors: body.errors }).toEqual({
      status: 409,
      code: 'conflict',
      errors: undefined,
    });
  });

  it('a constraint error at the commit of a team’s transaction gets the same answer', async () => {
    expect((await app.call('POST', '/teams/red')).status).toBe(201);
    expect(await app.call('POST', '/teams/red')).toMatchObject({ status: 409, body: { code: 'conflict' } });
  });

  it('a team can correct a value before its transaction commits', async () => {
    const transaction = <T>(work: () => Promise<T>) => app.nest.get(Database).transaction(work);
    const { id } = await transaction(async () => {
      const user = await users.create({ ...account(), branchId: 12 });
      await query('INSERT INTO branches VALUES (12)');
      return user;
    });
    expect(await users.findById(id)).toMatchObject({ branchId: 12 });
    // A commit error that no write of a user has caused is not mapped.
    const foreign = transaction(async () => {
      await users.update(id, { handle: 'Twelve' });
      await query('INSERT INTO late_orders VALUES ($1)', [anybody]);
    });
    await expect(foreign).rejects.toMatchObject({ name: 'QueryFailedError', code: '23503' });
  });
});

describe('a user that other rows refer to', () => {
  const tables = ['orders', 'badges', 'late_orders'];

  it.each(tables)('a user cannot be deleted and keeps all values because of a row of %s', async (table) => {
    const { id, token } = await signUp();
    await query(`INSERT INTO ${table} VALUES ($1)`, [id]);
    for (const [path, body] of [
      ['/users/me', { password: PASSWORD }],
      [`/users/${id}`, undefined],
    ] as const) {
      expect(await app.call('DELETE', path, { token, body })).toMatchObject({
        status: 409,
        body: { code: 'user-in-use' },
      });
    }
    await expect(users.remove(id)).rejects.toMatchObject({ code: 'user-in-use' });
    expect((await app.call('GET', '/users/me', { token })).status).toBe(200);
    expect((await app.call<{ sessions: object[] }>('GET', '/auth/sessions', { token })).status).toBe(200);
    expect(await query('SELECT count(*)::int FROM revocations WHERE target = $1', [id])).toEqual([{ count: 0 }]);
    await query(`DELETE FROM ${table}`);
    expect((await app.call('DELETE', '/users/me', { token, body: { password: PASSWORD } })).status).toBe(204);
  });

  it('a user that a deferred constraint protects is not deleted and keeps its value', async () => {
    const { id, token } = await signUp({ box: 'north' });
    await query("INSERT INTO late_parcels VALUES ('north')");
    expect(await app.call('DELETE', `/users/${id}`, { token })).toMatchObject({
      status: 409,
      body: { code: 'user-in-use' },
    });
    expect(await app.call('PATCH', '/users/me', { token, body: { box: 'south' } })).toMatchObject({
      status: 409,
      body: { code: 'conflict', errors: [{ pointer: '/box', detail: 'is referenced by other data' }] },
    });
    expect(await users.findById(id)).toMatchObject({ box: 'north' });
    await query('DELETE FROM late_parcels');
    expect((await app.call('DELETE', '/users/me', { token, body: { password: PASSWORD } })).status).toBe(204);
  });

  it('a user that another user refers to is not deleted', async () => {
    const { id, token } = await signUp();
    await signUp({ managerId: id });
    const { status, body } = await app.call<Body>('DELETE', `/users/${id}`, { token });
    expect({ status, code: body.code }).toEqual({ status: 409, code: 'user-in-use' });
  });
});
