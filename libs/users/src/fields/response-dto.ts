import type { Type } from '@nestjs/common';
import { ApiProperty, PickType } from '@nestjs/swagger';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { exampleOf, schemaOf } from './openapi-schema.js';
import type { UserBase } from '../user-base.entity.js';
import { columnOf } from './entity-column.js';
import { checkUserEntity } from '../checks/user-entity.check.js';
import { userFieldsOf } from './user-field.decorator.js';
import type { DeclaredUserField } from './user-field.decorator.js';
import type { Reader, SeenUser } from './user-types.js';

/** The response class of a user for one kind of reader. `from` creates it, so that the entity is never sent. */
export interface UserView<V extends object = object> extends Type<V> {
  /** Creates the view of this user: plain values, null if there is no value. */
  from(user: UserBase): V;
  /** A view with example values, for the OpenAPI document. */
  readonly example: object;
}

const RANK: Record<Reader, number> = { public: 0, self: 1, admin: 2 };

const AT = '2026-11-23T08:30:00.000Z';

/** The columns of {@link UserBase} that are shown, with the least reader who sees each, and their schemas. */
const BASE: readonly [keyof UserBase, Reader, ApiPropertyOptions][] = [
  [
    'id',
    'public',
    {
      type: String,
      format: 'uuid',
      example: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
      description: 'The id of the user; the `sub` of its tokens.',
    },
  ],
  [
    'email',
    'self',
    {
      type: String,
      format: 'idn-email',
      example: 'ada@example.com',
      description: 'The e-mail address, normalised.',
    },
  ],
  [
    'emailVerifiedAt',
    'self',
    { type: Date, nullable: true, example: AT, description: 'When the user verified the address; null until then.' },
  ],
  [
    'disabledAt',
    'admin',
    { type: Date, nullable: true, example: null, description: 'When the user was disabled; null for an enabled user.' },
  ],
  [
    'deletionAt',
    'admin',
    {
      type: Date,
      nullable: true,
      example: null,
      description: 'When the user will be deleted at its own request; null if no deletion is scheduled.',
    },
  ],
  ['createdAt', 'self', { type: Date, example: AT, description: 'When the user was created.' }],
  ['updatedAt', 'self', { type: Date, example: AT, description: 'When the user was last changed.' }],
];

const cache = new WeakMap<Type, Map<Reader, UserView>>();

/** The response class of a user for `reader`: columns of Postern, and the fields with `read` for this reader. */
export function responseDtoOf<U extends UserBase, R extends Reader>(
  entity: Type<U>,
  reader: R,
): UserView<SeenUser<U, R>> {
  checkUserEntity(entity);
  const views = cache.get(entity) ?? new Map<Reader, UserView>();
  cache.set(entity, views);
  const view = views.get(reader) ?? build(entity, reader);
  views.set(reader, view);
  return view as UserView<SeenUser<U, R>>;
}

function build(entity: Type<UserBase>, reader: Reader): UserView {
  const base = BASE.filter(([, from]) => RANK[reader] >= RANK[from]);
  const fields = userFieldsOf(entity).filter(({ read }) => read && RANK[reader] >= RANK[read]);
  const Picked: Type<object> = PickType(entity, fields.map(({ property }) => property) as (keyof UserBase)[]);
  const properties = [...base.map(([property]) => property as string), ...fields.map(({ property }) => property)];
  const example = {
    ...Object.fromEntries(base.map(([property, , { example: value }]) => [property, value])),
    ...Object.fromEntries(fields.map((field) => [field.property, exampleIn(entity, field)])),
  };

  const View = class extends Picked {
    static readonly example = example;
    static from(user: UserBase): object {
      const values = user as unknown as Record<string, unknown>;
      return Object.assign(
        Object.create(View.prototype),
        Object.fromEntries(properties.map((property) => [property, values[property] ?? null])),
      );
    }
  };
  for (const [property, , schema] of base) ApiProperty(schema)(View.prototype, property);
  for (const field of fields) {
    const column = columnOf(entity, field.property);
    if (!column) continue;
    ApiProperty(schemaOf(entity, field, column, 'shown'))(View.prototype, field.property);
  }
  const prefix = { public: 'Public', self: 'Own', admin: '' }[reader];
  Object.defineProperty(View, 'name', { value: `${prefix}${entity.name}Dto` });
  return View;
}

function exampleIn(entity: Type<UserBase>, field: DeclaredUserField): unknown {
  const column = columnOf(entity, field.property);
  return column ? exampleOf(entity, field, column) : undefined;
}
