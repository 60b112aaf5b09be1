import { uuidv7 } from 'postern/persistence';
import type { EntityManager, EntityMetadata, FindOptionsWhere, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { escapedTable } from './escaped-table.js';
import type { UserBase } from '../user-base.entity.js';
import type { RelatedColumn, UserWithRelated } from './related-column.js';
import type { UserDtos } from '../fields/user-dtos.js';

/** A column that finds at most one user. */
export type UniqueColumn = 'id' | 'email';

/** A row of the users table: values by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** The alias of the related value in the row of the user. */
const RELATED_VALUE = 'postern_fact';

interface Statement {
  readonly metadata: EntityMetadata;
  readonly columns: readonly ColumnMetadata[];
  readonly text: string;
}

/**
 * Finds one user with the same result as TypeORM's `findOneBy`. Each login and each refresh reads a user, and TypeORM
 * builds the statement each time, which costs more than the query. For an entity that has only columns, this class
 * builds the statement once and reads the row by TypeORM's metadata.
 */
export class UserQuery<U extends UserBase> {
  /** Keyed by the related column, or by this object if there is none. */
  private readonly statements = new WeakMap<object, Map<UniqueColumn, Statement | undefined>>();

  constructor(private readonly schemas: UserDtos<U>) {}

  /** Returns the user whose column has this value, or null. */
  async find(manager: EntityManager, column: UniqueColumn, value: string): Promise<U | null> {
    const statement = this.statementFor(manager, column);
    if (statement === undefined) {
      return manager.findOneBy(this.schemas.entity, { [column]: value } as FindOptionsWhere<U>);
    }
    const [row] = await manager.query<Row[]>(statement.text, [value]);
    return row === undefined ? null : (entityOf(statement, row) as U);
  }

  /**
   * Returns the user with a value of another table, in one round trip if the entity has only columns. It costs the same
   * whether or not the user exists.
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

  /** Returns the user of this row as `find` does. Queries the database if the entity has more than columns. */
  async read(manager: EntityManager, row: Row): Promise<U> {
    const statement = this.statementFor(manager, 'id');
    return statement === undefined
      ? (await this.find(manager, 'id', String(row['id'])))!
      : (entityOf(statement, row) as U);
  }

  private statementFor(manager: EntityManager, column: UniqueColumn, related?: RelatedColumn): Statement | undefined {
    // TypeORM must load the user if a subscriber listens to loads.
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

/** TypeORM loads an entity with relations, embedded classes, subclasses, listeners or computed columns. */
function isColumnsOnly(metadata: EntityMetadata): boolean {
  const beyondColumns = [
    metadata.relations,
    metadata.embeddeds,
    metadata.childEntityMetadatas,
    metadata.afterLoadListeners,
    metadata.columns.filter(({ isVirtual, isVirtualProperty }) => isVirtual || isVirtualProperty),
    // TypeORM selects these through a PostGIS function.
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
