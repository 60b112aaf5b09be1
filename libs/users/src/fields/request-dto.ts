import type { Type } from '@nestjs/common';
import { ApiProperty, PickType } from '@nestjs/swagger';
import { listRuleOf, presenceOf, rulesOf } from './column-validators.js';
import { schemaOf } from './openapi-schema.js';
import type { UserBase } from '../user-base.entity.js';
import { columnOf } from './entity-column.js';
import { checkUserEntity } from '../checks/user-entity.check.js';
import { userFieldsOf } from './user-field.decorator.js';
import type { DeclaredUserField } from './user-field.decorator.js';

/** Who writes: the user itself, or an administrator, who may write whatever the user may. */
export type Writer = 'self' | 'admin';

type Presence = 'required' | 'optional';

const made = new WeakMap<Type, Map<string, Type<object>>>();

/**
 * The class of what a registration carries beside address and password: the fields with `register`. Meant to be
 * extended by who owns the route; the result for one entity is always the same class.
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

/** The class of a change to a user by `writer`: every field that this writer may write, each of them optional. */
export function updateDtoOf(entity: Type<UserBase>, writer: Writer): Type<object> {
  const name = writer === 'self' ? `UpdateOwn${entity.name}Dto` : `Update${entity.name}Dto`;
  return requestDto(entity, name, ({ write }) =>
    write === 'self' || (writer === 'admin' && write === 'admin') ? 'optional' : undefined,
  );
}

function requestDto(
  entity: Type<UserBase>,
  name: string,
  presenceIn: (field: DeclaredUserField) => Presence | undefined,
): Type<object> {
  checkUserEntity(entity);
  const known = made.get(entity) ?? new Map<string, Type<object>>();
  made.set(entity, known);
  const dto = known.get(name) ?? build(entity, name, presenceIn);
  known.set(name, dto);
  return dto;
}

function build(
  entity: Type<UserBase>,
  name: string,
  presenceIn: (field: DeclaredUserField) => Presence | undefined,
): Type<object> {
  const fields = userFieldsOf(entity).filter((field) => presenceIn(field) !== undefined);
  const Picked: Type<object> = PickType(entity, fields.map(({ property }) => property) as (keyof UserBase)[]);
  for (const field of fields) {
    const column = columnOf(entity, field.property);
    const presence = presenceIn(field);
    if (!column || !presence) continue;
    // All on the class that holds the copied validators: on a subclass they would replace those, since
    // class-validator takes two custom validators of one property for the same when one is inherited.
    const decorators = [...rulesOf(column), ...listRuleOf(entity, column), presenceOf(column, presence)];
    for (const decorate of decorators) decorate(Picked.prototype, field.property);
    ApiProperty(schemaOf(entity, field, column, { sent: presence }))(Picked.prototype, field.property);
  }
  // What an initialiser of the entity sets is not something that the client has sent.
  const Dto = class extends Picked {
    constructor() {
      super();
      for (const property of Object.keys(this)) Reflect.deleteProperty(this, property);
    }
  };
  Object.defineProperty(Dto, 'name', { value: name });
  return Dto;
}
