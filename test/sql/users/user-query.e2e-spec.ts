import { AfterLoad, Column, DataSource, DeleteDateColumn, Entity } from 'typeorm';
import type { EntitySubscriberInterface } from 'typeorm';
import { uuidv7 } from 'postern/persistence';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { User, UserBase, RelatedColumn } from 'postern/users';
import { UserQuery } from '../../../libs/users/src/storage/user-query.js';
import { UserDtos } from '../../../libs/users/src/fields/user-dtos.js';

const cents = {
  to: (value: number) => String(value * 100),
  from: (value: string | null) => value && Number(value) / 100,
};

@Entity('users')
class Employee extends UserBase {
  @Column({ name: 'cost_centre', type: 'varchar', nullable: true, default: 'CC-1' })
  costCentre!: string | null;

  @Column({ type: 'numeric', transformer: cents, nullable: true })
  salary!: number | null;

  @Column({ type: 'jsonb', nullable: true })
  address!: { street: string } | null;

  @Column({ type: 'date', nullable: true })
  born!: string | null;

  @Column({ type: 'simple-array', nullable: true })
  teams!: string[] | null;

  @Column({ type: 'text', array: true, nullable: true })
  badges!: string[] | null;

  @Column({ type: 'text', select: false, nullable: true })
  note!: string | null;
}

@Entity('users')
class Listening extends UserBase {
  heard = false;

  @AfterLoad()
  hear(): void {
    this.heard = true;
  }
}

@Entity('users')
class Softly extends UserBase {
  @DeleteDateColumn({ name: 'deleted_at', type: 'timestamptz', nullable: true })
  deletedAt!: Date | null;
}

class Subscriber implements EntitySubscriberInterface<User> {
  loaded = 0;

  listenTo(): typeof User {
    return User;
  }

  afterLoad(): void {
    this.loaded += 1;
  }
}

describe('looking up one user', () => {
  let database: TestDatabase;
  const sources: DataSource[] = [];
  const id = uuidv7();

  beforeAll(async () => {
    database = await createTestDatabase();
    const { manager } = await sourceOf(User);
    await manager.query(`ALTER TABLE users ADD cost_centre varchar DEFAULT 'CC-1', ADD salary numeric, ADD address jsonb,
      ADD born date, ADD teams text, ADD badges text[], ADD note text, ADD deleted_at timestamptz`);
    await manager.query('CREATE TABLE "Badges" (user_id uuid PRIMARY KEY, "Number" text)');
    await manager.query(
      `INSERT INTO users (id, email, email_verified_at, salary, address, born, teams, badges, note)
       VALUES ($1, 'ada@example.com', now(), 12345, '{"street":"Am Tor"}', '1815-12-10', 'a,b', '{x,y}', 'secret')`,
      [id],
    );
  });

  afterAll(async () => {
    await Promise.all(sources.map((source) => source.destroy()));
    await database.drop();
  });

  async function sourceOf(entity: typeof User): Promise<DataSource> {
    const source = new DataSource({
      type: 'postgres',
      url: database.url,
      entities: [entity],
      installExtensions: false,
      logging: ['query'],
      // A closed connection may still receive the error that its database was dropped.
      logger: { logQuery: (text: string) => void statements.push(text), log: () => undefined } as never,
    });
    sources.push(source);
    return source.initialize();
  }
  const statements: string[] = [];
  const badge = new RelatedColumn('public.Badges', 'Number');

  const lookupOf = (entity: typeof User) => new UserQuery(new UserDtos(entity));

  it.each([
    ['the built-in class', User],
    ['a class with columns of many kinds', Employee],
    ['a class with a load hook', Listening],
    ['a class with soft deletion', Softly],
  ])('the user query finds the same user as TypeORM: %s', async (_, entity) => {
    const { manager } = await sourceOf(entity);
    const lookup = lookupOf(entity);
    const expected = await manager.findOneByOrFail(entity, { id });
    for (const found of [await lookup.find(manager, 'id', id), await lookup.find(manager, 'email', expected.email)]) {
      expect(found).toBeInstanceOf(entity);
      expect(found).toStrictEqual(expected);
    }
    await expect(lookup.find(manager, 'id', uuidv7())).resolves.toBeNull();
  });

  it('the user query applies the transformers and types of columns, and reads no unselected column', async () => {
    const { manager } = await sourceOf(Employee);
    const found = await lookupOf(Employee).find(manager, 'id', id);
    expect(found).toMatchObject({
      costCentre: 'CC-1',
      salary: 123.45,
      address: { street: 'Am Tor' },
      born: '1815-12-10',
      teams: ['a', 'b'],
      badges: ['x', 'y'],
      disabledAt: null,
    });
    expect(found).not.toHaveProperty('note');
  });

  it('the user query does not find a soft-deleted user', async () => {
    const { manager } = await sourceOf(Softly);
    const gone = uuidv7();
    await manager.query(`INSERT INTO users (id, email, deleted_at) VALUES ($1, 'gone@example.com', now())`, [gone]);
    await expect(lookupOf(Softly).find(manager, 'id', gone)).resolves.toBeNull();
  });

  it('the user query notifies listeners and subscribers', async () => {
    const listening = await sourceOf(Listening);
    await expect(lookupOf(Listening).find(listening.manager, 'id', id)).resolves.toMatchObject({
      heard: true,
    });
    const source = await sourceOf(User);
    const lookup = lookupOf(User);
    await lookup.find(source.manager, 'id', id);
    const subscriber = new Subscriber();
    source.subscribers.push(subscriber);
    await lookup.find(source.manager, 'id', id);
    expect(subscriber.loaded).toBe(1);
  });

  it.each([
    ['the built-in class', User, 1],
    ['a class with columns of many kinds', Employee, 1],
    ['a class with a load hook', Listening, 2],
    ['a class with soft deletion', Softly, 2],
  ])('the user query finds the same user with a condition on another table: %s', async (_, entity, queries) => {
    const { manager } = await sourceOf(entity);
    const lookup = lookupOf(entity);
    const user = await manager.findOneByOrFail(entity, { id });
    const find = (column: 'id' | 'email', value: string) => {
      statements.length = 0;
      return lookup.findWith(manager, column, value, badge);
    };
    await expect(find('email', user.email)).resolves.toStrictEqual({ user, value: null });
    expect(statements).toHaveLength(queries);
    await manager.query('INSERT INTO "Badges" (user_id, "Number") VALUES ($1, $2)', [id, 'B-7']);
    await expect(find('email', user.email)).resolves.toStrictEqual({ user, value: 'B-7' });
    await expect(find('id', id)).resolves.toStrictEqual({ user, value: 'B-7' });
    await expect(find('email', 'nobody@example.com')).resolves.toBeNull();
    // The response time must not reveal whether the user exists.
    expect(statements).toHaveLength(queries);
    await manager.query('DELETE FROM "Badges"');
  });

  it('the user query uses its own statement if the class has only columns', async () => {
    const { manager } = await sourceOf(User);
    const lookup = lookupOf(User);
    statements.length = 0;
    await lookup.find(manager, 'id', id);
    expect(statements).toEqual([
      expect.stringMatching(/^SELECT "id", "email", .* FROM "users" WHERE "id" = \$1 LIMIT 1$/),
    ]);
  });
});
