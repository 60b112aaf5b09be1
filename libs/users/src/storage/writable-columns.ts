import { isDeepStrictEqual } from 'node:util';
import type { EntityMetadata } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { RelationMetadata } from 'typeorm/metadata/RelationMetadata.js';
import type { UserBase } from '../user-base.entity.js';

/** What no caller sets: made by the application, or changed by a method of its own. */
const KEPT: readonly string[] = ['id', 'disabledAt', 'createdAt', 'updatedAt'] satisfies (keyof UserBase)[];

/** The given values of columns, and the rows that they refer to, whatever else the object carries. */
export function writableColumnsOf(fields: object, users: EntityMetadata): Record<string, unknown> {
  const given = fields as Record<string, unknown>;
  // The columns of an embedded class stand under its own property.
  const columns = [...users.columns, ...users.relationsWithJoinColumns];
  const paths = columns.map(({ propertyPath }) => propertyPath.split('.')[0]!);
  const properties = [...new Set(paths)].filter(
    (property) => !KEPT.includes(property) && given[property] !== undefined,
  );
  return Object.fromEntries(properties.map((property) => [property, given[property]]));
}

/** Those of the given fields that would be stored as something else than what the user was loaded with. */
export function changedFieldsOf(given: Record<string, unknown>, user: UserBase, users: EntityMetadata): string[] {
  const stored = user as unknown as Record<string, unknown>;
  return Object.keys(given).filter((property) => {
    const field = { [property]: given[property] };
    const isEqual = isDeepStrictEqual(given[property], stored[property]);
    return !isEqual && columnsOf(property, users).some((column) => isChanged(column, field, user));
  });
}

/**
 * What an insert would leave out must not seem to be stored.
 *
 * @throws TypeError that names the property
 */
export function assertInsertable(fields: object, users: EntityMetadata): void {
  assertNoFurtherRows(users, ({ propertyPath }) =>
    isDeepStrictEqual((fields as Record<string, unknown>)[propertyPath] ?? [], []),
  );
  for (const column of users.columns) {
    const reason = computedBy(column) ?? leftOutOfInserts(column);
    if (reason === undefined || column.getEntityValue(fields) === undefined) continue;
    throw new TypeError(
      `UsersService cannot store "${column.propertyPath}" with a new user, as ${reason}: leave it out.`,
    );
  }
}

/**
 * What an update would leave out must not seem to be stored. What the user was loaded with may come along.
 *
 * @throws TypeError that names the property
 */
export function assertUpdatable(changes: object, user: UserBase, users: EntityMetadata): void {
  const [given, stored] = [changes, user] as unknown as Record<string, unknown>[];
  assertNoFurtherRows(users, ({ propertyPath }) => {
    const value = given![propertyPath];
    return value === undefined || isDeepStrictEqual(value, stored![propertyPath]);
  });
  for (const { propertyPath } of users.allEmbeddeds) {
    const value = valueAt(propertyPath, changes);
    if (value === undefined || (typeof value === 'object' && value !== null)) continue;
    const [property = ''] = propertyPath.split('.');
    if (isDeepStrictEqual(given![property], stored![property])) continue;
    throw new TypeError(
      `UsersService changes the columns of "${propertyPath}", which is no column itself: write an object, with null for each of them where there is none.`,
    );
  }
  for (const column of users.columns) {
    const reason = computedBy(column) ?? (column.isUpdate ? undefined : 'its column has update: false');
    if (reason === undefined || column.getEntityValue(changes) === undefined) continue;
    if (!isChanged(column, changes, user)) continue;
    throw new TypeError(`UsersService cannot change "${column.propertyPath}", as ${reason}: leave it out.`);
  }
}

/** The column of a property, all of them below one that is of an embedded class, and those that refer to a related row. */
function columnsOf(property: string, users: EntityMetadata): ColumnMetadata[] {
  const isOfIt = ({ propertyPath }: { propertyPath: string }) => propertyPath.split('.')[0] === property;
  const references = users.relationsWithJoinColumns.filter(isOfIt).flatMap(({ joinColumns }) => joinColumns);
  return [...users.columns.filter(isOfIt), ...references];
}

/** Whether the column would be stored with something else. Of an embedded class only those columns count that are given. */
function isChanged(column: ColumnMetadata, fields: object, user: UserBase): boolean {
  const [value, former]: unknown[] = [column.getEntityValue(fields), column.getEntityValue(user)];
  if (value === undefined && column.embeddedMetadata) return false;
  if (value === undefined || former === undefined) return true;
  // What is equal counts before its stored form, which a transformer may make anew each time.
  if (isDeepStrictEqual(value, former)) return false;
  return !isDeepStrictEqual(storedFormOf(value, column), storedFormOf(former, column));
}

/** The value as the row has it: without the class that a request made of it, and JSON whatever the order of its members. */
function storedFormOf(value: unknown, column: ColumnMetadata): unknown {
  const stored: unknown = column.entityMetadata.dataSource.driver.preparePersistentValue(value, column);
  const isJson = ['json', 'jsonb', 'simple-json'].includes(String(column.type)) && typeof stored === 'string';
  return isJson ? JSON.parse(stored) : stored;
}

/** Related rows without a column in the user's own are stored by a repository of their own. */
function assertNoFurtherRows(users: EntityMetadata, isNothingNew: (relation: RelationMetadata) => boolean): void {
  for (const relation of users.relations) {
    const hasColumn = relation.isOwning && !relation.isManyToMany;
    if (hasColumn || isNothingNew(relation)) continue;
    throw new TypeError(
      `UsersService stores columns of the user, and "${relation.propertyPath}" has none: store it by a repository of its own.`,
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
