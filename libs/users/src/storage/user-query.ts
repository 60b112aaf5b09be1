import { uuidv7 } from 'postern/persistence';
import type { EntityManager, EntityMetadata, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { escapedTable } from './escaped-table.js';
import type { UserBase } from '../user-base.entity.js';
import type { RelatedColumn, UserWithRelated } from './related-column.js';
import type { UserDtos } from '../fields/user-dtos.js';

/** A column that finds at most one user. */
export type UniqueColumn = 'id' | 'email';

/** A row of the table of users, with each column that the class knows, by its name in the database. */
export type Row = Readonly<Record<string, unknown>>;

/** What the fact is called in the row of its user. */
const RELATED_VALUE = 'postern_fact';

interface Statement {
  readonly metadata: EntityMetadata;
  readonly columns: readonly ColumnMetadata[];
  readonly text: string;
}

/**
 * Finds one user exactly as TypeORM's `findOneBy` does. Each login and each refresh asks for a user, and TypeORM builds the
 * statement and its result anew each time, which costs more than the query: so for a class that is columns and nothing
 * else the statement is made once, and the columns are read from its row by TypeORM's own metadata.
 */
export class UserQuery<U extends UserBase> {
  /** By the fact that is read along, or by this object where none is. */
  private readonly statements = new WeakMap<object, Map<UniqueColumn, Statement | undefined>>();

  constructor(private readonly schemas: UserDtos<U>) {}

  /** The user in whose row the column has this value, or null. */
  async find(manager: EntityManager, column: UniqueColumn, value: string): Promise<U | null> {
    const statement = this.statementFor(manager, column);
    if (statement === undefined) {
      return manager.findOneBy(this.schemas.entity, { [column]: value } as FindOptionsWhere<U>);
    }
    const [row] = await manager.query<Row[]>(statement.text, [value]);
    return row === undefined ? null : (entityOf(statement, row) as U);
  }

  /**
   * The same with what another table says of the user, in the same round trip where the class is columns and nothing else.
   * It costs the same whether or not there is such a user.
   */
  async findWith(
    manager: EntityManager,
    column: UniqueColumn,
    value: string,
    related: RelatedColumn,
  ): Promise<UserWithRelated<U> | null> {
    const statement = this.statementFor(manager, column, related);
    if (statement !== undefined) {
      const [row] = await manager.query<Row[]>(statement.text, [value]);
      return row === undefined ? null : { user: entityOf(statement, row) as U, value: row[RELATED_VALUE] };
    }
    const user = await this.find(manager, column, value);
    const rows = await manager.query<Row[]>(`SELECT (${related.queryFor('$1')}) AS ${RELATED_VALUE}`, [
      user?.id ?? uuidv7(),
    ]);
    return user && { user, value: rows[0]![RELATED_VALUE] };
  }

  /** The user of this row, as `find` would have found it; asks the database where a row is not all of the user. */
  async read(manager: EntityManager, row: Row): Promise<U> {
    const statement = this.statementFor(manager, 'id');
    return statement === undefined
      ? (await this.find(manager, 'id', String(row['id'])))!
      : (entityOf(statement, row) as U);
  }

  private statementFor(manager: EntityManager, column: UniqueColumn, related?: RelatedColumn): Statement | undefined {
    // A subscriber wants to hear of what was loaded.
    if (manager.connection.subscribers.length > 0) return undefined;
    const statements = this.statementsWith(related);
    if (!statements.has(column)) {
      statements.set(column, statementOf(manager.connection.getMetadata(this.schemas.entity), column, related));
    }
    return statements.get(column);
  }

  private statementsWith(related: RelatedColumn | undefined): Map<UniqueColumn, Statement | undefined> {
    const key = related ?? this;
    const statements = this.statements.get(key) ?? new Map<UniqueColumn, Statement | undefined>();
    this.statements.set(key, statements);
    return statements;
  }
}

function statementOf(metadata: EntityMetadata, unique: UniqueColumn, related?: RelatedColumn): Statement | undefined {
  if (!isColumnsOnly(metadata)) return undefined;
  const { driver } = metadata.dataSource;
  const columns = metadata.columns.filter(({ isSelect }) => isSelect);
  const table = escapedTable(metadata);
  const nameOf = (property: UniqueColumn) => driver.escape(metadata.findColumnWithPropertyName(property)!.databaseName);
  const selected = columns.map(({ databaseName }) => driver.escape(databaseName));
  if (related) selected.push(`(${related.queryFor(`${table}.${nameOf('id')}`)}) AS ${RELATED_VALUE}`);
  const text = `SELECT ${selected.join(', ')} FROM ${table} WHERE ${nameOf(unique)} = $1 LIMIT 1`;
  return { metadata, columns, text };
}

/** Whatever else there may be is TypeORM's to load: relations, embedded classes, subclasses, listeners, computed columns. */
function isColumnsOnly(metadata: EntityMetadata): boolean {
  const beyondColumns = [
    metadata.relations,
    metadata.embeddeds,
    metadata.childEntityMetadatas,
    metadata.afterLoadListeners,
    metadata.columns.filter(({ isVirtual, isVirtualProperty }) => isVirtual || isVirtualProperty),
    // TypeORM asks PostGIS for these in another form.
    metadata.columns.filter(({ type }) => type === 'geometry' || type === 'geography'),
  ];
  const isWhole = metadata.parentEntityMetadata === undefined && metadata.discriminatorColumn === undefined;
  return isWhole && metadata.deleteDateColumn === undefined && beyondColumns.every(({ length }) => length === 0);
}

function entityOf({ metadata, columns }: Statement, row: Row): ObjectLiteral {
  const entity = metadata.create(undefined, { fromDeserializer: true }) as ObjectLiteral;
  const { driver } = metadata.dataSource;
  for (const column of columns) {
    column.setEntityValue(entity, driver.prepareHydratedValue(row[column.databaseName], column));
  }
  return entity;
}
