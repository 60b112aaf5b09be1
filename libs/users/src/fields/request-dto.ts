import type { Type } from '@nestjs/common';
import { ApiProperty, PickType } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import type { ValidateByOptions, ValidationArguments } from 'class-validator';
import { knownRulesOf, listRuleOf, presenceOf, rulesOf } from './column-validators.js';
import { schemaOf } from './openapi-schema.js';
import type { UserBase } from '../user-base.entity.js';
import { columnOf } from './entity-column.js';
import { checkUserEntity } from '../checks/user-entity.check.js';
import { userFieldsOf } from './user-field.decorator.js';
import type { DeclaredUserField } from './user-field.decorator.js';

/** The user itself, or an administrator, who may also write every field that the user may write. */
export type Writer = 'self' | 'admin';

type Presence = 'required' | 'optional';

/** Rejects every value, unless a subclass declares another rule for the property. */
const isUnchanged: ValidateByOptions = {
  name: 'isUnchanged',
  validator: {
    validate: (value, { object, property }: ValidationArguments) =>
      value === undefined ||
      knownRulesOf(object.constructor as Type, property).some(({ name }) => name !== 'isUnchanged'),
    defaultMessage: () => 'cannot be changed here',
  },
};

const cache = new WeakMap<Type, Map<string, Type<object>>>();

/**
 * The DTO of a registration without e-mail address and password: the fields with `register`. The owner of the route
 * extends it. Each call for one entity returns the same class.
 *
 * @example
 * ```ts
 * class RegisterDto extends registerDtoOf(Employee) {
 *   @IsEmailAddress() email!: string;
 *   @IsString() password!: string;
 * }
 * ```
 */
export function registerDtoOf(entity: Type<UserBase>): Type<object> {
  return requestDto(entity, `Register${entity.name}Dto`, ({ register }) => register || undefined);
}

/**
 * The DTO of a user whom an administrator creates, without e-mail address and password: the fields with `register`, and
 * those that administrators may write, which are optional.
 */
export function createDtoOf(entity: Type<UserBase>): Type<object> {
  return requestDto(
    entity,
    `Create${entity.name}Dto`,
    ({ register, write }) => register || (write === false ? undefined : 'optional'),
  );
}

/**
 * The DTO of a change to a user: every field that the writer may write, all optional. It also names a field that the
 * writer may only read in the error; other fields stay unknown.
 */
export function updateDtoOf(entity: Type<UserBase>, writer: Writer): Type<object> {
  const name = writer === 'self' ? `UpdateOwn${entity.name}Dto` : `Update${entity.name}Dto`;
  const isWritable = ({ write }: DeclaredUserField): boolean =>
    write === 'self' || (writer === 'admin' && write === 'admin');
  const isReadable = ({ read }: DeclaredUserField): boolean =>
    read !== false && (writer === 'admin' || read !== 'admin');
  return requestDto(
    entity,
    name,
    (field) => (isWritable(field) ? 'optional' : undefined),
    (field) => !isWritable(field) && isReadable(field),
  );
}

function requestDto(
  entity: Type<UserBase>,
  name: string,
  presenceIn: (field: DeclaredUserField) => Presence | undefined,
  isReadOnly: (field: DeclaredUserField) => boolean = () => false,
): Type<object> {
  checkUserEntity(entity);
  const dtos = cache.get(entity) ?? new Map<string, Type<object>>();
  cache.set(entity, dtos);
  const dto = dtos.get(name) ?? build(entity, name, presenceIn, isReadOnly);
  dtos.set(name, dto);
  return dto;
}

function build(
  entity: Type<UserBase>,
  name: string,
  presenceIn: (field: DeclaredUserField) => Presence | undefined,
  isReadOnly: (field: DeclaredUserField) => boolean = () => false,
): Type<object> {
  const fields = userFieldsOf(entity).filter((field) => presenceIn(field) !== undefined);
  const Picked: Type<object> = PickType(entity, fields.map(({ property }) => property) as (keyof UserBase)[]);
  for (const field of fields) {
    const column = columnOf(entity, field.property);
    const presence = presenceIn(field);
    if (!column || !presence) continue;
    // On the class with the copied validators: on a subclass they would replace these, because class-validator
    // lets a custom validator override an inherited one of the same property.
    const decorators = [...rulesOf(column), ...listRuleOf(entity, column), presenceOf(column, presence)];
    for (const decorate of decorators) decorate(Picked.prototype, field.property);
    ApiProperty(schemaOf(entity, field, column, { sent: presence }))(Picked.prototype, field.property);
  }
  for (const { property } of userFieldsOf(entity).filter(isReadOnly))
    ValidateBy(isUnchanged)(Picked.prototype, property);
  // A value that an initialiser of the entity sets did not come from the client.
  const Dto = class extends Picked {
    constructor() {
      super();
      for (const property of Object.keys(this)) Reflect.deleteProperty(this, property);
    }
  };
  Object.defineProperty(Dto, 'name', { value: name });
  return Dto;
}
