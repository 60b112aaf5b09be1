import { ConsoleLogger, Injectable, Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import type { MigrationInterface, QueryRunner, Repository } from 'typeorm';
import { Database, PersistenceModule, TransactionDoomedError } from 'postern/persistence';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';

@Entity('orders')
class Order {
  @PrimaryColumn('text') id!: string;
  @Column('text', { default: 'new' }) state!: string;
}

class Orders1799000000000 implements MigrationInterface {
  readonly name = 'Orders1799000000000';
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE orders (id text PRIMARY KEY, state text NOT NULL DEFAULT 'new')`);
  }
  async down(): Promise<void> {}
}

@Injectable()
class Orders {
  constructor(@InjectRepository(Order) readonly repository: Repository<Order>) {}
}

@Module({ imports: [TypeOrmModule.forFeature([Order])], providers: [Orders], exports: [Orders] })
class OrdersModule {}

const silent = new ConsoleLogger({ logLevels: [] });
const boom = new Error('the request failed');

describe('repositories of Nest', () => {
  let testDatabase: TestDatabase;
  let app: TestingModule;
  let database: Database;
  let orders: Repository<Order>;
  let dataSource: DataSource;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    app = await Test.createTestingModule({
      imports: [
        PersistenceModule.forRoot({ databaseUrl: testDatabase.url, migrations: [Orders1799000000000] }),
        OrdersModule,
      ],
    })
      .setLogger(silent)
      .compile();
    await app.init();
    database = app.get(Database);
    orders = app.get(Orders).repository;
    dataSource = app.get(DataSource);
  });
  afterAll(async () => {
    await app?.close();
    await testDatabase?.drop();
  });
  beforeEach(() => database.manager.query('DELETE FROM orders'));

  const ids = async () => (await orders.find({ order: { id: 'ASC' } })).map(({ id }) => id);

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['save', (id) => orders.save({ id })],
    ['insert', (id) => orders.insert({ id })],
    ['a query builder', (id) => orders.createQueryBuilder().insert().values({ id }).execute()],
    ['a statement of the repository', (id) => orders.query('INSERT INTO orders (id) VALUES ($1)', [id])],
    ['a statement of the DataSource', (id) => dataSource.query('INSERT INTO orders (id) VALUES ($1)', [id])],
    ['a transaction of the manager', (id) => orders.manager.transaction((manager) => manager.save(Order, { id }))],
    ['a transaction of the DataSource', (id) => dataSource.transaction((manager) => manager.save(Order, { id }))],
  ])('%s joins the current transaction', async (_, write) => {
    const failed = database.transaction(async () => {
      await write('a');
      expect(await ids()).toEqual(['a']);
      throw boom;
    });
    await expect(failed).rejects.toBe(boom);
    expect(await ids()).toEqual([]);
    await database.transaction(async () => {
      await write('b');
      await Promise.all(['c', 'd', 'e'].map((id) => orders.save({ id })));
    });
    await write('f');
    expect(await ids()).toEqual(['b', 'c', 'd', 'e', 'f']);
  });

  it('a transaction does not commit if a transaction of TypeORM in it has failed and the error was caught', async () => {
    const work = database.transaction(async () => {
      await orders.save({ id: 'a' });
      await Promise.allSettled([
        dataSource.transaction((manager) => manager.save(Order, { id: 'b' })),
        dataSource.transaction(() => Promise.reject(boom)),
      ]);
    });
    await expect(work).rejects.toBeInstanceOf(TransactionDoomedError);
    expect(await ids()).toEqual([]);
    const serializable = () => dataSource.transaction('SERIALIZABLE', (manager) => manager.save(Order, { id: 'a' }));
    await expect(database.transaction(serializable)).rejects.toThrow('use Database.independently()');
    await serializable();
    expect(await ids()).toEqual(['a']);
  });

  it('a repository works independently of a transaction only in independently()', async () => {
    const failed = database.transaction(async () => {
      await orders.save({ id: 'lost' });
      await database.independently(() => orders.save({ id: 'kept' }));
      // The reserved connections read what is committed.
      expect(await database.withReservedConnection(ids)).toEqual(['kept']);
      throw boom;
    });
    await expect(failed).rejects.toBe(boom);
    expect(await ids()).toEqual(['kept']);
  });

  it('a repository is rejected in work that continues after a rollback', async () => {
    let late: Promise<unknown> | undefined;
    const failed = database.transaction(async () => {
      late = new Promise((resolve) => setTimeout(resolve, 50)).then(() => orders.save({ id: 'late' }));
      late.catch(() => undefined);
      throw boom;
    });
    await expect(failed).rejects.toBe(boom);
    await expect(late).rejects.toBeInstanceOf(TransactionDoomedError);
    expect(await ids()).toEqual([]);
  });

  it('more transactions than connections complete at once, each with repositories and independent work', async () => {
    const work = Array.from({ length: 30 }, (_, at) =>
      database.transaction(async () => {
        await orders.save({ id: `a${at}` });
        await database.independently(() => orders.insert({ id: `b${at}` }));
      }),
    );
    await Promise.all(work);
    expect(await orders.count()).toBe(60);
  });
});

describe('a DataSource of the application beside the one of Postern', () => {
  let mine: TestDatabase;
  let other: TestDatabase;
  beforeAll(async () => {
    [mine, other] = await Promise.all([createTestDatabase(), createTestDatabase()]);
  });
  afterAll(() => Promise.all([mine?.drop(), other?.drop()]));

  const optionsOf = (name?: string) =>
    ({
      ...(name && { name }),
      type: 'postgres' as const,
      url: other.url,
      entities: [Order],
      synchronize: true,
    }) satisfies TypeOrmModuleOptions;

  const boot = (...modules: DynamicModule[]) =>
    Test.createTestingModule({ imports: modules }).setLogger(silent).compile();

  it('a named DataSource of the application works beside the one of Postern, outside of its transactions', async () => {
    const app = await boot(
      PersistenceModule.forRoot({ databaseUrl: mine.url }),
      TypeOrmModule.forRoot({ ...optionsOf('shop'), extra: { connectionString: other.url } }),
      TypeOrmModule.forFeature([Order], 'shop'),
    );
    await app.init();
    const orders = app.get<Repository<Order>>('shop_OrderRepository');
    const failed = app.get(Database).transaction(async () => {
      await orders.save({ id: 'a' });
      throw boom;
    });
    await expect(failed).rejects.toBe(boom);
    expect(await orders.count()).toBe(1);
    await app.close();
  });

  it.each(['before', 'after'])(
    'a second DataSource without a name %s Postern stops the start and says what to write',
    async (place) => {
      const postern = PersistenceModule.forRoot({ databaseUrl: mine.url });
      const own = TypeOrmModule.forRoot({ ...optionsOf(), extra: { connectionString: other.url } });
      const modules = place === 'before' ? [own, postern] : [postern, own];
      await expect(boot(...modules, TypeOrmModule.forFeature([Order]))).rejects.toThrow(
        /second TypeOrmModule.forRoot without a name.*forRoot\(\{ name: 'app'.*forFeature\(\[…\], 'app'\)/,
      );
    },
  );
});
