import { validateSync } from 'class-validator';
import { storedFormOf, UnsupportedHashError } from 'postern/password/foreign-hashes';
import { uuidv7 } from 'postern/persistence';
import { normalizeEmail } from 'postern/users';
import type { NewUser, UserBase } from 'postern/users';
import type { EntityMetadata } from 'typeorm';
import { EntryError } from './source-user.js';
import type { SourceUser } from './source-user.js';
import { userIdOfSource } from './user-id-of-source.js';

/** Makes the values of your entity from an entry. It throws an `EntryError` for an entry that cannot be imported. */
export type UserMapping<U extends UserBase = UserBase> = (user: SourceUser) => NewUser<U>;

/** A user who can be inserted. */
export interface PreparedUser<U extends UserBase> {
  readonly line: number;
  /** Whether the id comes from the source. */
  readonly hasSourceId: boolean;
  readonly user: U;
  /** The stored form of the password hash. */
  readonly stored: string | undefined;
  readonly roles: readonly string[];
}

interface PreparationRules<U extends UserBase> {
  readonly source: string;
  readonly toUser?: UserMapping<U> | undefined;
  readonly ignoreRoles?: boolean | undefined;
}

/**
 * Checks an entry without the database.
 *
 * @throws EntryError with the reason
 */
export function preparedUserOf<U extends UserBase>(
  entry: SourceUser,
  { source, toUser, ignoreRoles = false }: PreparationRules<U>,
  existingRoles: ReadonlySet<string>,
  metadata: EntityMetadata,
): PreparedUser<U> {
  const { line, sourceId, createdAt, passwordHash } = entry;
  const values: NewUser<U> = toUser === undefined ? (defaultsOf(entry, metadata) as NewUser<U>) : toUser(entry);
  const user = Object.assign(metadata.create() as U, values, {
    id: sourceId === undefined ? uuidv7() : userIdOfSource(source, sourceId),
    email: addressOf(values.email),
    emailVerifiedAt: values.emailVerifiedAt === undefined ? verifiedAtOf(entry) : values.emailVerifiedAt,
    disabledAt: entry.isDisabled === true ? new Date() : null,
    createdAt: createdAt ?? new Date(),
  });
  assertValid(user);
  const unknown = (entry.roles ?? []).filter((role) => !existingRoles.has(role));
  if (unknown.length > 0 && !ignoreRoles) {
    throw new EntryError(`${unknown.length} of the roles do not exist: ${unknown.map(shown).join(', ')}`);
  }
  const roles = [...new Set(entry.roles ?? [])].filter((role) => existingRoles.has(role));
  return { line, hasSourceId: sourceId !== undefined, user, stored: passwordHash && storedOf(passwordHash), roles };
}

/** The locale, if the entity has one, and the fields of Postern's own form. */
function defaultsOf({ email, locale, fields = {} }: SourceUser, metadata: EntityMetadata): object {
  const properties = metadata.columns.map(({ propertyPath }) => propertyPath);
  const kept = ['id', 'email', 'emailVerifiedAt', 'disabledAt', 'createdAt', 'updatedAt'];
  const unknown = Object.keys(fields).find((name) => !properties.includes(name) || kept.includes(name));
  if (unknown !== undefined) throw new EntryError('"fields" has a name that is not a field of the user');
  return { ...(locale !== undefined && properties.includes('locale') && { locale }), ...fields, email };
}

function addressOf(email: string): string {
  try {
    return normalizeEmail(email);
  } catch {
    throw new EntryError('the e-mail address is not valid');
  }
}

function verifiedAtOf({ emailVerified, createdAt }: SourceUser): Date | null {
  if (emailVerified instanceof Date) return emailVerified;
  return emailVerified ? (createdAt ?? new Date()) : null;
}

/** Applies the validators of the entity to the values that it has. */
function assertValid(user: object): void {
  const [error] = validateSync(user, { forbidUnknownValues: false, skipUndefinedProperties: true });
  if (error !== undefined) throw new EntryError(`the field "${error.property}" has a value that is not allowed`);
}

function storedOf(hash: Parameters<typeof storedFormOf>[0]): string {
  try {
    return storedFormOf(hash);
  } catch (error) {
    throw error instanceof UnsupportedHashError
      ? new EntryError(`the password hash cannot be imported: ${error.message}`)
      : error;
  }
}

/** A name of a role from a file may have any characters. */
const shown = (name: string): string => JSON.stringify(name.slice(0, 64));
