import { isDeepStrictEqual } from 'node:util';
import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import type { UserBase } from '../user-base.entity.js';

/** Columns that no caller sets: the application generates them, or has a method for them. */
const KEPT: readonly string[] = [
  'id',
  'disabledAt',
  'deletionAt',
  'createdAt',
  'updatedAt',
] satisfies (keyof UserBase)[];

/** The values of columns and many-to-one relations; other properties of the object are ignored. */
export function writableColumnsOf(fields: object, users: EntityMetadata): Record<string, unknown> {
  const values = fields as Record<string, unknown>;
  // The columns of an embedded class are below its property.
  const columns = [...users.columns, ...users.relationsWithJoinColumns];
  const paths = columns.map(({ propertyPath }) => propertyPath.split('.')[0]!);
  const properties = [...new Set(paths)].filter(
    (property) => !KEPT.includes(property) && values[property] !== undefined,
  );
  return Object.fromEntries(properties.map((property) => [property, values[property]]));
}

/** The fields whose stored value would differ from the loaded one. */
export function changedFieldsOf(values: Record<string, unknown>, user: UserBase, users: EntityMetadata): string[] {
  const stored = user as unknown as Record<string, unknown>;
  return Object.keys(values).filter((property) => {
    const field = { [property]: values[property] };
    const isEqual = isDeepStrictEqual(values[property], stored[property]);
    return !isEqual && columnsOf(property, users).some((column) => isChanged(column, field, user));
  });
}

/**
 * Rejects values that TypeORM would silently leave out of the INSERT.
 *
 * @throws TypeError that names the property
 */
export function assertInsertable(fields: object, users: EntityMetadata): void {
  assertNoRelatedRows(users, ({ propertyPath }) =>
    isDeepStrictEqual((fields as Record<string, unknown>)[propertyPath] ?? [], []),
  );
  for (const column of users.columns) {
    const reason = computedBy(column) ?? leftOutOfInserts(column);
    if (reason === undefined || column.getEntityValue(fields) === undefined) continue;
    throw new TypeError(
      `UsersService cannot store "${column.propertyPath}" with a new user, because ${reason}: leave it out.`,
    );
  }
}

/**
 * Rejects values that TypeORM would silently leave out of the UPDATE. Unchanged values are allowed.
 *
 * @throws TypeError that names the property
 */
export function assertUpdatable(changes: object, user: UserBase, users: EntityMetadata): void {
  const [values, stored] = [changes, user] as unknown as Record<string, unknown>[];
  assertNoRelatedRows(users, ({ propertyPath }) => {
    const value = values![propertyPath];
    return value === undefined || isDeepStrictEqual(value, stored![propertyPath]);
  });
  for (const { propertyPath } of users.allEmbeddeds) {
    const value = valueAt(propertyPath, changes);
    if (value === undefined || (typeof value === 'object' && value !== null)) continue;
    const [property = ''] = propertyPath.split('.');
    if (isDeepStrictEqual(values![property], stored![property])) continue;
    throw new TypeError(
      `UsersService changes an embedded class column by column: write "${propertyPath}" as an object, with null for each column that has no value.`,
    );
  }
  for (const column of users.columns) {
    const reason = computedBy(column) ?? (column.isUpdate ? undefined : 'its column has update: false');
    if (reason === undefined || column.getEntityValue(changes) === undefined) continue;
    if (!isChanged(column, changes, user)) continue;
    throw new TypeError(`UsersService cannot change "${column.propertyPath}", because ${reason}: leave it out.`);
  }
}

/** The column of a property, the columns of an embedded class, or the join columns of a relation. */
function columnsOf(property: string, users: EntityMetadata): ColumnMetadata[] {
  const isOfIt = ({ propertyPath }: { propertyPath: string }) => propertyPath.split('.')[0] === property;
  const references = users.relationsWithJoinColumns.filter(isOfIt).flatMap(({ joinColumns }) => joinColumns);
  return [...users.columns.filter(isOfIt), ...references];
}

/** Whether the stored value would change. A column of an embedded class without a value stays as it is. */
function isChanged(column: ColumnMetadata, fields: object, user: UserBase): boolean {
  const [value, former]: unknown[] = [column.getEntityValue(fields), column.getEntityValue(user)];
  if (value === undefined && column.embeddedMetadata) return false;
  if (value === undefined || former === undefined) return true;
  // Compares the values first: a transformer may return a different stored form each time, such as a ciphertext.
  if (isDeepStrictEqual(value, former)) return false;
  return !isDeepStrictEqual(storedFormOf(value, column), storedFormOf(former, column));
}

/** The value as stored in the row, without classes; JSON is compared without regard to the order of members. */
function storedFormOf(value: unknown, column: ColumnMetadata): unknown {
  const stored: unknown = column.entityMetadata.dataSource.driver.preparePersistentValue(value, column);
  const isJson = ['json', 'jsonb', 'simple-json'].includes(String(column.type)) && typeof stored === 'string';
  return isJson ? JSON.parse(stored) : stored;
}

/** Rejects new related rows that have no column in the users table. */
function assertNoRelatedRows(users: EntityMetadata, isNothingNew: (relation: RelationMetadata) => boolean): void {
  for (const relation of users.relations) {
    const hasColumn = relation.isOwning && !relation.isManyToMany;
    if (hasColumn || isNothingNew(relation)) continue;
    throw new TypeError(
      `UsersService stores columns of the user, but the relation "${relation.propertyPath}" has no column: store its rows by their own repository.`,
    );
  }
}

function valueAt(propertyPath: string, fields: object): unknown {
  const below = (value: unknown, name: string) => (value as Record<string, unknown> | null | undefined)?.[name];
  return propertyPath.split('.').reduce<unknown>(below, fields);
}

function computedBy({ generatedType, isVirtualProperty }: ColumnMetadata): string | undefined {
  if (isVirtualProperty) return 'a query computes it';
  return generatedType && 'the database computes it';
}

function leftOutOfInserts({ isInsert, isGenerated, generationStrategy }: ColumnMetadata): string | undefined {
  if (!isInsert) return 'its column has insert: false';
  return isGenerated && generationStrategy === 'increment' ? 'the database counts it' : undefined;
}
