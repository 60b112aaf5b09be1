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

/** A user as one kind of reader sees it: made by `from`, never the entity itself. */
export interface UserView<V extends object = object> extends Type<V> {
  /** The view of this user: plain values, null where there is none. */
  from(user: UserBase): V;
  /** A view with example values, for the OpenAPI document. */
  readonly example: object;
}

const RANK: Record<Reader, number> = { public: 0, self: 1, admin: 2 };

const AT = '2026-11-23T08:30:00.000Z';

/** What of {@link UserBase} is shown, from which reader on, and how the document describes it. */
const BASE: readonly [keyof UserBase, Reader, ApiPropertyOptions][] = [
  [
    'id',
    'public',
    {
      type: String,
      format: 'uuid',
      example: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
      description: 'Of the user; the `sub` of its tokens.',
    },
  ],
  [
    'email',
    'self',
    {
      type: String,
      format: 'idn-email',
      example: 'ada@example.com',
      description: 'In the form in which addresses are compared.',
    },
  ],
  [
    'emailVerifiedAt',
    'self',
    { type: Date, nullable: true, example: AT, description: 'Null until the address is proved.' },
  ],
  [
    'disabledAt',
    'admin',
    { type: Date, nullable: true, example: null, description: 'Null for a user in good standing.' },
  ],
  ['createdAt', 'self', { type: Date, example: AT, description: 'When the user was made.' }],
  ['updatedAt', 'self', { type: Date, example: AT, description: 'When a field of it changed last.' }],
];

const made = new WeakMap<Type, Map<Reader, UserView>>();

/** The class of a user as `reader` sees it: Postern's own columns, and the fields with `read` for this reader. */
export function responseDtoOf<U extends UserBase, R extends Reader>(
  entity: Type<U>,
  reader: R,
): UserView<SeenUser<U, R>> {
  checkUserEntity(entity);
  const known = made.get(entity) ?? new Map<Reader, UserView>();
  made.set(entity, known);
  const view = known.get(reader) ?? build(entity, reader);
  known.set(reader, view);
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
