import { randomUUID } from 'node:crypto';
import { Module } from '@nestjs/common';
import { PosternModule } from 'postern';
import { createTestDatabase, startTestApplication, type TestApplication, type TestDatabase } from 'postern/testing';
import { UserBase, UserField, UsersService } from 'postern/users';
import { Column, Entity, Generated, VirtualColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

@Entity('users')
class Clerk extends UserBase {
  @UserField({ register: 'required', read: 'self' })
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
}

class ClerkColumns1764000001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE users ADD hired_on date NOT NULL, ADD rank int NOT NULL DEFAULT 1,
      ADD pay int GENERATED ALWAYS AS (rank * 2) STORED, ADD badge serial`);
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP hired_on, DROP pay, DROP rank, DROP badge');
  }
}

const PASSWORD = 'seven small boats at noon';

let database: TestDatabase;
let app: TestApplication;
let users: UsersService<Clerk>;

beforeAll(async () => {
  database = await createTestDatabase();
  @Module({
    imports: [
      PosternModule.forRoot({
        issuer: 'https://id.example.test',
        secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
        databaseUrl: database.url,
        user: Clerk,
        migrations: [ClerkColumns1764000001000],
        password: { argon2: { memoryKiB: 1024, iterations: 1 } },
      }),
    ],
  })
  class AppModule {}
  app = await startTestApplication(AppModule);
  users = app.nest.get<UsersService<Clerk>>(UsersService);
});

afterAll(async () => {
  await app?.close();
  await database?.drop();
});

const fresh = () => ({ email: `${randomUUID()}@example.com`, hiredOn: '2026-11-23' });

describe('a column that is not written', () => {
  it('is registered once, or only read', async () => {
    const body = { ...fresh(), password: PASSWORD };
    const registered = await app.call('POST', '/auth/register', { body });
    expect(registered).toMatchObject({ status: 201, body: { hiredOn: '2026-11-23', rank: 1, pay: 2 } });
  });

  it.each<[keyof Clerk, string]>([
    ['rank', 'as its column has insert: false'],
    ['pay', 'as the database computes it'],
    ['badge', 'as the database counts it'],
    ['reach', 'as a query computes it'],
  ])('refuses a value of a new user: %s', async (property, reason) => {
    const fields = fresh();
    const sentence = `UsersService cannot store "${property}" with a new user, ${reason}: leave it out.`;
    await expect(users.create({ ...fields, [property]: 7 })).rejects.toThrow(new TypeError(sentence));
    expect(await users.findByEmail(fields.email)).toBeNull();
  });

  it.each<[keyof Clerk, unknown, string]>([
    ['hiredOn', '2026-11-24', 'as its column has update: false'],
    ['pay', 7, 'as the database computes it'],
    ['reach', 7, 'as a query computes it'],
  ])('refuses another value later: %s', async (property, value, reason) => {
    const { id } = await users.create(fresh());
    const sentence = `UsersService cannot change "${property}", ${reason}: leave it out.`;
    for (const others of [{}, { rank: 3 }]) {
      const change = users.update(id, { ...others, [property]: value });
      await expect(change).rejects.toThrow(new TypeError(sentence));
    }
    expect(await users.findById(id)).toMatchObject({ hiredOn: '2026-11-23', rank: 1, pay: 2 });
  });

  it('lets what a user was loaded with come along', async () => {
    const user = await users.create(fresh());
    expect(await users.update(user.id, Object.assign(user, { rank: 3 }))).toMatchObject({
      rank: 3,
      pay: 6,
      badge: user.badge,
    });
  });
});
