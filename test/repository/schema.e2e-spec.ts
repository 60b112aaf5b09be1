import { DataSource } from 'typeorm';
import { PasswordCredential } from 'postern/password';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { Role, UserRole } from 'postern/roles';
import { Session } from 'postern/sessions';
import { SigningKey } from 'postern/tokens';
import { User } from 'postern/users';

describe('the schema', () => {
  let database: TestDatabase;
  let dataSource: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    dataSource = await new DataSource({
      type: 'postgres',
      extra: { connectionString: database.url },
      installExtensions: false,
      entities: [User, SigningKey, Session, PasswordCredential, Role, UserRole],
    }).initialize();
  });
  afterAll(async () => {
    await dataSource?.destroy();
    await database?.drop();
  });

  it('the schema after all migrations matches the entities', async () => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });
});
