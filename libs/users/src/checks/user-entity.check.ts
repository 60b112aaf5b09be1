import type { Type } from '@nestjs/common';
import { assertSamePackage } from 'postern/problem';
import { getMetadataArgsStorage } from 'typeorm';
import { knownRulesOf } from '../fields/column-validators.js';
import { isKeptInAnswers, isKeptInRequests } from './transform-probe.js';
import { UserBase, userBaseProperties } from '../user-base.entity.js';
import { columnOf, declaredColumnsOf, embeddedClassesOf, insteadOfColumn } from '../fields/entity-column.js';
import type { UserColumn } from '../fields/entity-column.js';
import { userFieldsOf } from '../fields/user-field.decorator.js';
import type { DeclaredUserField } from '../fields/user-field.decorator.js';

/**
 * Claims with a standard meaning in an access token (RFC 7519 §4.1, RFC 9068 §2.2, RFC 7800, RFC 8693, OIDC Core §2),
 * and `scopes`, which a `ClaimsProvider` returns for the claim `scope`.
 */
const REGISTERED_CLAIMS = new Set(
  (
    'iss sub aud exp nbf iat jti sid client_id scope scopes roles groups entitlements org acr amr auth_time ' +
    'azp nonce at_hash c_hash cnf act may_act events sub_id txn typ'
  ).split(' '),
);

const NO_COLUMN = {
  nothing: 'has @UserField but is not a plain column: write @Column() beside it.',
  embedded:
    'has @UserField but is an embedded class: write its columns as properties of the user, or one ' +
    "@Column({ type: 'jsonb' }) with @IsObject(), @ValidateNested() and @Type() of class-transformer.",
  relation:
    'has @UserField but is a related row: put @UserField on the column of the reference, as in ' +
    "@Column({ name: 'department_id', type: 'uuid' }) departmentId.",
};

const checked = new WeakSet<Type>();

/**
 * Checks that the class can be the user entity of this application, before DTOs are built from it.
 *
 * @throws Error that names the class or the property, and what to write
 */
export function checkUserEntity(entity: Type<UserBase>): void {
  if (checked.has(entity)) return;
  assertSamePackage('UsersModule', entity);
  if (typeof entity !== 'function' || !(entity.prototype instanceof UserBase)) {
    throw new Error(`UsersModule: ${nameOf(entity)} must extend UserBase: write "class … extends UserBase".`);
  }
  const table = getMetadataArgsStorage().tables.find(({ target }) => target === entity);
  if (table?.name !== 'users') {
    throw new Error(
      `UsersModule: ${entity.name} must be the table "users", which other tables reference: write @Entity('users') above the class.`,
    );
  }
  if (table.schema !== undefined) {
    throw new Error(
      `UsersModule: ${entity.name} has the schema "${table.schema}", but other tables reference "users" without a schema: ` +
        `write @Entity('users'), and ?options=-c%20search_path%3D${encodeURIComponent(table.schema)} in the URL of the database.`,
    );
  }
  checkColumns(entity);
  checkEmbedded(entity);
  const claims = new Map<string, string>();
  for (const field of userFieldsOf(entity)) checkField(entity, field, claims);
  checked.add(entity);
}

/** TypeORM silently accepts two properties for one column, and a subclass must not redefine those of UserBase. */
function checkColumns(entity: Type<UserBase>): void {
  const taken = new Map<string, { owner: Type; property: string }>();
  for (const { owner, property, name } of declaredColumnsOf(entity)) {
    const fail = (sentence: string): never => {
      throw new Error(`UsersModule: ${entity.name}.${property} ${sentence}`);
    };
    if (owner !== UserBase && (userBaseProperties as readonly string[]).includes(property)) {
      fail('is a column of UserBase: do not declare it again, or give it another name.');
    }
    const other = taken.get(name);
    if (other !== undefined && other.property !== property) {
      fail(`has the column "${name}", as ${other.owner.name}.${other.property} has: give it a column of its own.`);
    }
    taken.set(name, { owner, property });
  }
}

/** `@UserField` has no effect inside an embedded class: the field would be silently missing. */
function checkEmbedded(owner: Type, path = owner.name): void {
  for (const { property, embedded } of embeddedClassesOf(owner)) {
    const place = `${path}.${property}`;
    const [field] = userFieldsOf(embedded);
    if (field !== undefined) {
      throw new Error(
        `UsersModule: ${place}.${field.property} has @UserField inside an embedded class, where it has no effect: ` +
          'remove it, or write the column as a property of the user.',
      );
    }
    checkEmbedded(embedded, place);
  }
}

function checkField(entity: Type<UserBase>, field: DeclaredUserField, claims: Map<string, string>): void {
  const { property, claim, read } = field;
  const fail = (sentence: string): never => {
    throw new Error(`UsersModule: ${entity.name}.${property} ${sentence}`);
  };
  if ((userBaseProperties as readonly string[]).includes(property)) {
    fail('is a column of UserBase: remove @UserField, or give the field another name.');
  }
  const column = columnOf(entity, property) ?? fail(NO_COLUMN[insteadOfColumn(entity, property) ?? 'nothing']);
  if (!column.isSelected && (read || claim !== undefined)) {
    fail('is shown, but its column has select: false: remove that, or `read` and `claim`.');
  }
  if (column.isBinary && (read || field.register || field.write || claim !== undefined)) {
    fail(
      'holds bytes, which JSON cannot represent: declare the property as a string and give the column a `transformer` ' +
        'that encodes base64, or remove @UserField and serve the bytes by your own route.',
    );
  }
  if (claim !== undefined) {
    if (!/^[\x21-\x7e]{1,128}$/.test(claim))
      fail(`has the claim name "${claim}": write printable ASCII without spaces.`);
    if (REGISTERED_CLAIMS.has(claim) || claim in Object.prototype) {
      fail(`has the claim name "${claim}", which means something else in an access token: choose another name.`);
    }
    if (claims.has(claim)) fail(`has the claim name "${claim}", as ${claims.get(claim)} has: choose another name.`);
    claims.set(claim, property);
  }
  checkRegistration(field, fail);
  checkStorage(field, column, fail);
  checkPresence(entity, field, column, fail);
  checkTransformation(entity, field, fail);
}

/** Otherwise a new user could choose a value, even a claim, that only administrators assign. */
function checkRegistration(
  { register, write, registrantMaySet = false }: DeclaredUserField,
  fail: (sentence: string) => never,
): void {
  const isForOthers = register !== false && write !== 'self';
  if (isForOthers && !registrantMaySet) {
    const writers = write === 'admin' ? 'only administrators' : 'no user';
    fail(
      `can be chosen by any new user, but ${writers} may change it: remove \`register\`, write: 'self', or write ` +
        'registrantMaySet: true if you want this.',
    );
  }
  if (registrantMaySet && !isForOthers) fail('has registrantMaySet, which has no effect here: remove it.');
}

/** TypeORM silently drops such a value, and the database rejects a value for a generated column. */
function checkStorage(
  { register, write }: DeclaredUserField,
  column: UserColumn,
  fail: (sentence: string) => never,
): void {
  if (column.isGenerated && (register || write)) {
    fail('is written through HTTP, but the database computes its column: remove `register` and `write`.');
  }
  if (register && !column.isInserted) {
    fail(
      'is part of registration, but its column has insert: false or @Generated(), so no value is stored: remove that, or `register`.',
    );
  }
  if (write && !column.isUpdated) {
    fail('is changed through HTTP, but its column has update: false: remove that, or `write`.');
  }
}

function checkPresence(
  entity: Type<UserBase>,
  { property, register, write }: DeclaredUserField,
  column: UserColumn,
  fail: (sentence: string) => never,
): void {
  const rules = knownRulesOf(entity, property).map(({ name }) => name);
  const isOptional = rules.includes('isOptional');
  if (register === 'required' && column.isNullable) {
    fail("is required at registration, but its column is nullable: write register: 'optional', or remove nullable.");
  }
  if (register === 'required' && isOptional) {
    fail(
      "is required at registration, but @IsOptional() makes it optional: write register: 'optional', or remove @IsOptional().",
    );
  }
  if (register === 'optional' && !column.isNullable && !column.hasDefault) {
    fail(
      "is optional at registration, but its column needs a value: write register: 'required', nullable: true, or a default.",
    );
  }
  const isWritten = register !== false || write !== false;
  const validators = rules.filter((name) => name !== 'isOptional' && name !== 'conditionalValidation');
  if (isWritten && column.kind === 'other' && validators.length === 0) {
    fail('is written through HTTP, but its column type implies no validation: add a decorator of class-validator.');
  }
}

/** `@Exclude()` and `@Expose()` would override `@UserField` and silently drop a value. */
function checkTransformation(
  entity: Type<UserBase>,
  { property, register, write, read }: DeclaredUserField,
  fail: (sentence: string) => never,
): void {
  if ((register || write) && !isKeptInRequests(entity, property)) {
    fail(
      'is written through HTTP, but @Exclude() or @Expose() removes it from requests: remove that, or `register` and `write`.',
    );
  }
  if (read && !isKeptInAnswers(entity, property)) {
    fail('is shown, but @Exclude() or @Expose() removes it from responses: remove that, or `read`.');
  }
}

function nameOf(entity: unknown): string {
  return typeof entity === 'function' && entity.name ? entity.name : 'the class passed as "user"';
}
