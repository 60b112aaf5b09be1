import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Database } from 'postern/persistence';
import type { DataSource, EntityMetadata } from 'typeorm';
import { escapedTable } from '../storage/escaped-table.js';
import { checkUserHooks } from './user-hooks.check.js';
import { UserDtos } from '../fields/user-dtos.js';

/**
 * Compares the user entity with its table after the migrations have run, so that a forgotten migration fails the start
 * and not the first registration.
 */
@Injectable()
export class UserTableCheck implements OnModuleInit {
  constructor(
    private readonly database: Database,
    private readonly schemas: UserDtos,
  ) {}

  /**
   * @throws Error that names the missing columns, with the statements that add them if TypeORM can generate these
   * @throws Error that names hooks that would never run
   */
  async onModuleInit(): Promise<void> {
    const { connection } = this.database.manager;
    const metadata = connection.getMetadata(this.schemas.entity);
    checkUserHooks(metadata);
    const missing = await missingColumnsOf(connection, metadata);
    if (missing.length === 0) return;
    // TypeORM compares all tables, and throws if one has a generated column that it did not create.
    const statements = await statementsFor(connection, metadata, missing).catch(() => []);
    const named = `${missing.length === 1 ? 'column' : 'columns'} ${missing.map((name) => `"${name}"`).join(', ')}`;
    throw new Error(
      [
        `UsersModule: the table "${metadata.tablePath}" lacks the ${named} that ${metadata.name} declares.`,
        `Add them by a migration, and list its class in \`migrations\`.${statements.length > 0 ? ' For example:' : ''}`,
        ...statements,
      ].join('\n'),
    );
  }
}

async function missingColumnsOf(connection: DataSource, metadata: EntityMetadata): Promise<string[]> {
  // The catalogue, because information_schema hides columns that this role may not read.
  const columns = await connection.query<{ name: string }[]>(
    'SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped',
    [escapedTable(metadata)],
  );
  const present = new Set(columns.map(({ name }) => name));
  return metadata.columns
    .filter(({ isVirtual, isVirtualProperty }) => !isVirtual && !isVirtualProperty)
    .map(({ databaseName }) => databaseName)
    .filter((name) => !present.has(name));
}

/** The statements with which TypeORM would add these columns, after those that create their types. */
async function statementsFor(connection: DataSource, metadata: EntityMetadata, missing: string[]): Promise<string[]> {
  const { upQueries } = await connection.driver.createSchemaBuilder().log();
  const all = upQueries.map(({ query }) => query);
  const starts = missing.map((name) => `ALTER TABLE ${escapedTable(metadata)} ADD ${connection.driver.escape(name)} `);
  const added = all.filter((statement) => starts.some((start) => statement.startsWith(start)));
  const types = all.filter((statement) => {
    const type = /^CREATE TYPE (\S+) /.exec(statement)?.[1];
    return type !== undefined && added.some((addition) => addition.includes(` ${type}`));
  });
  return [...types, ...added].map((statement) => `  ${statement};`);
}
