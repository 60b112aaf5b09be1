import { randomUUID } from 'node:crypto';
import { Injectable, Module } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { Type } from 'class-transformer';
import { IsString, ValidateNested } from 'class-validator';
import { PosternModule } from 'postern';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { UserBase, UserField, UsersService, UserUpdated } from 'postern/users';
import { until } from '../../support/until.js';
import { Column, Entity, Generated, VirtualColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Without separators: a part of a UUID, such as `b0a7`, could count as a word of the password. */
const newAddress = () => `${randomUUID().replaceAll('-', '')}@example.com`;

const shouted = { to: (text?: string) => text?.toUpperCase(), from: (text: string | null) => text?.toLowerCase() };

class Address {
  @IsString()
  street!: string;

  @IsString()
  town!: string;
}

class Lamp {
  @Column({ type: 'int', nullable: true })
  watts?: number | null;
}

class Desk {
  @Column(() => Lamp)
  lamp?: Lamp | null;

  @Column({ type: 'int', nullable: true })
  floor?: number | null;

  @Column({ type: 'varchar', nullable: true })
  room?: string | null;
}

@Entity('users')
class Clerk extends UserBase {
  @UserField({ register: 'required', registrantMaySet: true, read: 'self' })
  @Column({ name: 'hired_on', type: 'date', update: false })
  hiredOn!: string;

  @UserField({ read: 'self' })
  @Column({ type: 'int', default: 1, insert: false })
  rank?: number;

  @UserField({ read: 'self' })
  @Column({ type: 'int', generatedType: 'STORED', asExpression: 'rank * 2' })
  pay?: number;

  @Column({ type: 'int' })
  @Generated()
  badge?: number;

  @VirtualColumn({ query: (alias) => `SELECT length(email) FROM users u WHERE u.id = ${alias}.id`, type: 'int' })
  reach?: number;

  @UserField({ register: 'optional', write: 'self', read: 'self' })
  @Column({ type: 'jsonb', nullable: true })
  @ValidateNested()
  @Type(() => Address)
  address?: Address | null;

  @Column(() => Desk)
  desk?: Desk | null;

  @Column({ name: 'code', type: 'varchar', nullable: true, transformer: shouted })
  code?: string | null;
}

class ClerkColumns1764000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE users ADD hired_on date NOT NULL, ADD rank int NOT NULL DEFAULT 1,
      ADD pay int GENERATED ALWAYS AS (rank * 2) STORED, ADD badge serial,
      ADD address jsonb, ADD "deskFloor" int, ADD "deskRoom" varchar, ADD "deskLampWatts" int, ADD code varchar`);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP hired_on, DROP pay, DROP rank, DROP badge, DROP address');
  }
}

@Injectable()
class Listener {
  readonly heard: (readonly string[])[] = [];

  @OnEvent(UserUpdated.type)
  note({ changed }: UserUpdated): void {
    this.heard.push(changed);
  }
}

const PASSWORD = 'seven small boats at noon';

let database: TestDatabase;
let app: TestApplication;
let users: UsersService<Clerk>;

function start(user: typeof Clerk): Promise<TestApplication> {
  @Module({
    imports: [
      PosternModule.forRoot({
        issuer: 'https://id.example.test',
        secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
        databaseUrl: database.url,
        user,
        migrations: [ClerkColumns1764000001000],
        password: { argon2: { memoryKiB: 1024, iterations: 1 } },
      }),
    ],
    providers: [Listener],
  })
  class AppModule {}
  return startTestApplication(AppModule);
}

beforeAll(async () => {
  database = await createTestDatabase();
  app = await start(Clerk);
  users = app.nest.get<UsersService<Clerk>>(UsersService);
});

afterAll(async () => {
  await app?.close();
  await database?.drop();
});

const fresh = () => ({ email: newAddress(), hiredOn: '2026-11-23' });

describe('a column that is not written', () => {
  it('a column that is never written is set at registration only, or is read-only', async () => {
    const body = { ...fresh(), password: PASSWORD };
    const registered = await app.call('POST', '/auth/register', { body });
    expect(registered).toMatchObject({ status: 201, body: { hiredOn: '2026-11-23', rank: 1, pay: 2 } });
  });

  it.each<[keyof Clerk, string]>([
    ['rank', 'because its column has insert: false'],
    ['pay', 'because the database computes it'],
    ['badge', 'because the database counts it'],
    ['reach', 'because a query computes it'],
  ])('a value of a new user is rejected: %s', async (property, reason) => {
    const fields = fresh();
    const sentence = `UsersService cannot store "${property}" with a new user, ${reason}: leave it out.`;
    await expect(users.create({ ...fields, [property]: 7 })).rejects.toThrow(new TypeError(sentence));
    expect(await users.findByEmail(fields.email)).toBeNull();
  });

  it.each<[keyof Clerk, unknown, string]>([
    ['hiredOn', '2026-11-24', 'because its column has update: false'],
    ['pay', 7, 'because the database computes it'],
    ['reach', 7, 'because a query computes it'],
  ])('a changed value is rejected: %s', async (property, value, reason) => {
    const { id } = await users.create(fresh());
    const sentence = `UsersService cannot change "${property}", ${reason}: leave it out.`;
    for (const others of [{}, { rank: 3 }]) {
      const change = users.update(id, { ...others, [property]: value });
      await expect(change).rejects.toThrow(new TypeError(sentence));
    }
    expect(await users.findById(id)).toMatchObject({ hiredOn: '2026-11-23', rank: 1, pay: 2 });
  });

  it('a value that was loaded with the user is accepted unchanged', async () => {
    const user = await users.create(fresh());
    expect(await users.update(user.id, Object.assign(user, { rank: 3 }))).toMatchObject({
      rank: 3,
      pay: 6,
      badge: user.badge,
    });
  });
});

describe('an update with the stored value', () => {
  const address = { street: 'Am Tor', town: 'Ulm' };
  let heard: Listener['heard'];

  beforeEach(() => {
    heard = app.nest.get(Listener).heard;
    heard.length = 0;
  });

  it('JSON that a request turns into a class instance counts as unchanged', async () => {
    const account = { ...fresh(), password: PASSWORD, address };
    await app.call('POST', '/auth/register', { body: account });
    const login = await app.call('POST', '/auth/login', { body: { email: account.email, password: PASSWORD } });
    const token = String(login.body['access_token']);
    const before = await app.call('GET', '/users/me', { token });
    const inAnotherOrder = { town: 'Ulm', street: 'Am Tor' };
    for (const same of [address, inAnotherOrder]) {
      const answer = await app.call('PATCH', '/users/me', { token, body: { address: same } });
      expect([answer.status, answer.body]).toEqual([200, before.body]);
    }
    const body = { address: { ...address, town: 'Bonn' } };
    expect(await app.call('PATCH', '/users/me', { token, body })).toMatchObject({ status: 200, body });
    await until(() => heard.length > 0);
    expect(heard).toEqual([['address']]);
  });

  it('a class instance with an equal transformed value counts as unchanged', async () => {
    const desk = Object.assign(new Desk(), { floor: 3, room: 'B' });
    const { id, updatedAt } = await users.create({ ...fresh(), address, code: 'x', desk });
    await users.update(id, { desk: { floor: 3 }, code: 'X', address: Object.assign(new Address(), address) });
    expect((await users.findById(id))!.updatedAt).toEqual(updatedAt);
    await users.update(id, { desk: { floor: 4, room: 'B' }, code: 'x', address: null });
    expect(await users.findById(id)).toMatchObject({ desk: { floor: 4, room: 'B' }, code: 'x', address: null });
    await until(() => heard.length > 0);
    expect(heard).toEqual([['address', 'desk']]);
  });
});

describe('an embedded class', () => {
  it('an embedded class cannot be set to null, because no column would change', async () => {
    const { id } = await users.create({ ...fresh(), desk: { floor: 3, lamp: { watts: 7 } } });
    const sentence = (path: string) =>
      `UsersService changes an embedded class column by column: write "${path}" as an object, with null for each column that has no value.`;
    await expect(users.update(id, { desk: null, rank: 2 })).rejects.toThrow(new TypeError(sentence('desk')));
    const inside = users.update(id, { desk: { floor: 4, lamp: null } });
    await expect(inside).rejects.toThrow(new TypeError(sentence('desk.lamp')));
    expect(await users.findById(id)).toMatchObject({ rank: 1, desk: { floor: 3, lamp: { watts: 7 } } });
    const changed = await users.update(id, { desk: { floor: null, lamp: { watts: null } } });
    expect(changed.desk).toEqual({ floor: null, room: null, lamp: { watts: null } });
  });

  it('an embedded class may be null for a new user, and its columns are then empty', async () => {
    const { desk } = await users.create({ ...fresh(), desk: null });
    expect(desk).toEqual({ floor: null, room: null, lamp: { watts: null } });
  });
});

describe('a table that lacks columns', () => {
  it('a missing column is reported even if the table has a generated column', async () => {
    @Entity('users')
    class Promoted extends Clerk {
      @Column({ name: 'job_title', type: 'varchar', nullable: true })
      jobTitle?: string | null;
    }
    await expect(start(Promoted)).rejects.toThrow(
      new Error(
        'UsersModule: the table "users" lacks the column "job_title" that Promoted declares.\n' +
          'Add them by a migration, and list its class in `migrations`.',
      ),
    );
  });
});
