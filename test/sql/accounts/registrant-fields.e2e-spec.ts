import { ConsoleLogger } from '@nestjs/common';
import { decodeJwt } from 'jose';
import { PosternModule } from 'postern';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import { UserBase, UserField, UsersService } from 'postern/users';
import { Column, Entity } from 'typeorm';
import type { MigrationInterface, QueryRunner } from 'typeorm';

@Entity('users')
class Member extends UserBase {
  @UserField({ write: 'admin', read: 'self', claim: 'grade' })
  @Column({ type: 'int', default: 0 })
  grade?: number;

  @UserField({ register: 'optional', write: 'admin', registrantMaySet: true, read: 'self', claim: 'club' })
  @Column({ type: 'varchar', nullable: true })
  club!: string | null;

  @UserField({ register: 'optional', registrantMaySet: true, read: 'self' })
  @Column({ type: 'varchar', nullable: true })
  sponsor!: string | null;
}

class MemberColumns1800000000000 implements MigrationInterface {
  up = (runner: QueryRunner) =>
    runner.query('ALTER TABLE users ADD grade int NOT NULL DEFAULT 0, ADD club varchar, ADD sponsor varchar');
  down = (runner: QueryRunner) => runner.query('ALTER TABLE users DROP grade, DROP club, DROP sponsor');
}

class Warnings extends ConsoleLogger {
  readonly lines: unknown[] = [];
  override warn(message: unknown): void {
    this.lines.push(message);
  }
  override log = (): void => undefined;
}

const password = 'seven small boats at noon';

describe.each(['fastify', 'express'] as const)('a field that only administrators change, on %s', (adapter) => {
  it('a registration cannot set a field for administrators unless the class allows it, and the start then logs one warning', async () => {
    const database = await createTestDatabase();
    const logger = new Warnings();
    const module = PosternModule.forRoot({
      issuer: 'https://id.example.test',
      secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
      databaseUrl: database.url,
      user: Member,
      migrations: [MemberColumns1800000000000],
    });
    const app = await startTestApplication(module, { adapter, logger });
    try {
      expect(logger.lines.filter((line) => /registrantMaySet/.test(String(line)))).toEqual([
        'registrantMaySet: any new user can choose Member.club (the claim "club" of the access token), Member.sponsor.',
      ]);
      const register = (email: string, fields: object) =>
        app.call('POST', '/auth/register', { body: { email, password, ...fields } });
      const refused = await register('eve@example.com', { grade: 9 });
      expect([refused.status, refused.body]).toMatchObject([400, { errors: [{ pointer: '/grade' }] }]);

      const { status, body } = await register('ada@example.com', { club: 'chess', sponsor: 'Bob' });
      expect([status, body]).toMatchObject([201, { grade: 0, club: 'chess', sponsor: 'Bob' }]);
      await app.nest.get<UsersService<Member>>(UsersService).update(String(body['id']), { grade: 3 });
      const login = await app.call('POST', '/auth/login', { body: { email: 'ada@example.com', password } });
      expect(decodeJwt(String(login.body['access_token']))).toMatchObject({ grade: 3, club: 'chess' });
    } finally {
      await app.close();
      await database.drop();
    }
  });
});
