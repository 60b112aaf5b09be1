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
 * Claims with a meaning of their own in an access token (RFC 7519 §4.1, RFC 9068 §2.2, RFC 7800, RFC 8693, OIDC Core §2), and what
 * becomes one: a claims provider gives scopes by the name of `scopes`.
 */
const REGISTERED_CLAIMS = new Set(
  (
    'iss sub aud exp nbf iat jti sid client_id scope scopes roles groups entitlements org acr amr auth_time ' +
    'azp nonce at_hash c_hash cnf act may_act events sub_id txn typ'
  ).split(' '),
);

const NO_COLUMN = {
  nothing: 'has @UserField but is no plain column: write @Column() beside it.',
  embedded:
    'has @UserField but is of an embedded class, which is no field: write its columns as properties of the user, or one ' +
    "@Column({ type: 'jsonb' }) with @IsObject(), @ValidateNested() and @Type() of class-transformer.",
  relation:
    'has @UserField but is a related row, which is no field: put @UserField on the column of the reference, as in ' +
    "@Column({ name: 'department_id', type: 'uuid' }) departmentId.",
};

const checked = new WeakSet<Type>();

/**
 * Proves that the class can be the user of this application, before anything is built from it.
 *
 * @throws Error whose sentence names the class or the property, and says what to write.
 */
export function checkUserEntity(entity: Type<UserBase>): void {
  if (checked.has(entity)) return;
  assertSamePackage('UsersModule', entity);
  if (typeof entity !== 'function' || !(entity.prototype instanceof UserBase)) {
    throw new Error(`UsersModule: ${nameOf(entity)} has to extend UserBase: write "class … extends UserBase".`);
  }
  const table = getMetadataArgsStorage().tables.find(({ target }) => target === entity);
  if (table?.name !== 'users') {
    throw new Error(
      `UsersModule: ${entity.name} has to be the table "users", which the other tables point at: write @Entity('users') above the class.`,
    );
  }
  if (table.schema !== undefined) {
    throw new Error(
      `UsersModule: ${entity.name} has the schema "${table.schema}" for itself, while the other tables point at "users" without one: ` +
        `write @Entity('users'), and ?options=-c%20search_path%3D${encodeURIComponent(table.schema)} in the address of the database.`,
    );
  }
  checkColumns(entity);
  checkEmbedded(entity);
  const claims = new Map<string, string>();
  for (const field of userFieldsOf(entity)) checkField(entity, field, claims);
  checked.add(entity);
}

/** TypeORM takes two properties for one column without a word, and the one of UserBase is not the team's to rule. */
function checkColumns(entity: Type<UserBase>): void {
  const taken = new Map<string, { owner: Type; property: string }>();
  for (const { owner, property, name } of declaredColumnsOf(entity)) {
    const fail = (sentence: string): never => {
      throw new Error(`UsersModule: ${entity.name}.${property} ${sentence}`);
    };
    if (owner !== UserBase && (userBaseProperties as readonly string[]).includes(property)) {
      fail('is a column of UserBase and follows its rules: do not declare it again, or give it another name.');
    }
    const other = taken.get(name);
    if (other !== undefined && other.property !== property) {
      fail(`has the column "${name}", as ${other.owner.name}.${other.property} has: give it a column of its own.`);
    }
    taken.set(name, { owner, property });
  }
}

/** Nobody reads `@UserField` there, and the field would be missing without a word. */
function checkEmbedded(owner: Type, path = owner.name): void {
  for (const { property, embedded } of embeddedClassesOf(owner)) {
    const place = `${path}.${property}`;
    const [field] = userFieldsOf(embedded);
    if (field !== undefined) {
      throw new Error(
        `UsersModule: ${place}.${field.property} has @UserField inside of an embedded class, where it says nothing: ` +
          'take it off, or write the column as a property of the user.',
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
    fail('is a column of UserBase and follows its rules: take @UserField off, or give the field another name.');
  }
  const column = columnOf(entity, property) ?? fail(NO_COLUMN[insteadOfColumn(entity, property) ?? 'nothing']);
  if (!column.isSelected && (read || claim !== undefined)) {
    fail('is to be shown, yet its column has select: false: take that off, or `read` and `claim`.');
  }
  if (column.isBinary && (read || field.register || field.write || claim !== undefined)) {
    fail(
      'holds bytes, which JSON has no form for: declare the property as a text and give the column a `transformer` that makes base64 of ' +
        'them, or take @UserField off and serve them by a route of yours.',
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

/** A stranger would choose what is an administrator's to decide, and a claim carries it to every service. */
function checkRegistration(
  { register, write, registrantMaySet = false }: DeclaredUserField,
  fail: (sentence: string) => never,
): void {
  const isForOthers = register !== false && write !== 'self';
  if (isForOthers && !registrantMaySet) {
    const writers = write === 'admin' ? 'only administrators' : 'no user';
    fail(
      `is set by anybody who registers, yet ${writers} may change it: take \`register\` off, write: 'self', or write ` +
        'registrantMaySet: true if that is wanted.',
    );
  }
  if (registrantMaySet && !isForOthers) fail('has registrantMaySet, which changes nothing here: take it off.');
}

/** TypeORM leaves such a value out without a word, and the database refuses one for what it computes. */
function checkStorage(
  { register, write }: DeclaredUserField,
  column: UserColumn,
  fail: (sentence: string) => never,
): void {
  if (column.isGenerated && (register || write)) {
    fail('is written through HTTP, yet the database computes its column: take `register` and `write` off.');
  }
  if (register && !column.isInserted) {
    fail(
      'is part of registration, yet its column has insert: false or @Generated(), so that no value is stored: take that off, or `register`.',
    );
  }
  if (write && !column.isUpdated) {
    fail('is changed through HTTP, yet its column has update: false: take that off, or `write`.');
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
    fail("is required at registration, yet its column is nullable: write register: 'optional', or take nullable off.");
  }
  if (register === 'required' && isOptional) {
    fail(
      "is required at registration, yet @IsOptional() lets it be left out: write register: 'optional', or take @IsOptional() off.",
    );
  }
  if (register === 'optional' && !column.isNullable && !column.hasDefault) {
    fail(
      "may be left out at registration, yet its column needs a value: write register: 'required', nullable: true, or a default.",
    );
  }
  const isWritten = register !== false || write !== false;
  const validators = rules.filter((name) => name !== 'isOptional' && name !== 'conditionalValidation');
  if (isWritten && column.kind === 'other' && validators.length === 0) {
    fail('is written through HTTP, and its column does not tell what is valid: add a decorator of class-validator.');
  }
}

/** What class-transformer is told by the team would go before `@UserField`, and a value be lost without a word. */
function checkTransformation(
  entity: Type<UserBase>,
  { property, register, write, read }: DeclaredUserField,
  fail: (sentence: string) => never,
): void {
  if ((register || write) && !isKeptInRequests(entity, property)) {
    fail(
      'is written through HTTP, yet @Exclude() or @Expose() takes it out of requests: take that off, or `register` and `write`.',
    );
  }
  if (read && !isKeptInAnswers(entity, property)) {
    fail('is to be shown, yet @Exclude() or @Expose() takes it out of answers: take that off, or `read`.');
  }
}

function nameOf(entity: unknown): string {
  return typeof entity === 'function' && entity.name ? entity.name : 'the class passed as "user"';
}
