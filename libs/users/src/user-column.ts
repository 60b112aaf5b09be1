import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { getMetadataArgsStorage, type ColumnOptions } from 'typeorm';
import type { UserBase } from './user-base.entity.js';
import { ancestryOf } from './user-field.decorator.js';

/** What a column holds, as far as its declaration tells; `other` is for the team's own validators to say. */
type ColumnKind = 'text' | 'uuid' | 'integer' | 'number' | 'boolean' | 'instant' | 'day' | 'enum' | 'other';

/** A column of the user's entity, read from what TypeORM and the compiler were told about the property. */
export interface UserColumn {
  readonly property: string;
  readonly kind: ColumnKind;
  /** The constructor that the OpenAPI document takes the type from. */
  readonly type: unknown;
  readonly isNullable: boolean;
  /** Whether an insert without a value succeeds with something other than null. */
  readonly hasDefault: boolean;
  /** In characters. */
  readonly length?: number;
  /** Inclusive; of integers. */
  readonly range?: readonly [number, number];
  readonly values?: readonly unknown[];
}

const KINDS: Record<string, ColumnKind> = {
  ...kindsOf('text', 'string', 'varchar', 'character varying', 'text', 'char', 'character', 'citext'),
  ...kindsOf('integer', 'int', 'integer', 'int2', 'smallint', 'int4'),
  ...kindsOf('number', 'float', 'float4', 'float8', 'real', 'double precision'),
  ...kindsOf('boolean', 'boolean', 'bool'),
  ...kindsOf('instant', 'timestamp', 'timestamptz', 'timestamp with time zone', 'timestamp without time zone'),
  date: 'day',
  uuid: 'uuid',
};

const TYPES: Partial<Record<ColumnKind, unknown>> = {
  text: String,
  uuid: String,
  day: String,
  integer: Number,
  number: Number,
  boolean: Boolean,
  instant: Date,
};

function kindsOf(kind: ColumnKind, ...types: string[]): Record<string, ColumnKind> {
  return Object.fromEntries(types.map((type) => [type, kind]));
}

/** The column behind a property of the entity, or `undefined` where the property is none that can be written. */
export function columnOf(entity: Type<UserBase>, property: string): UserColumn | undefined {
  const ancestry = ancestryOf(entity).toReversed();
  const { columns } = getMetadataArgsStorage();
  const declared = ancestry
    .map((ancestor) => columns.find((each) => each.target === ancestor && each.propertyName === property))
    .find((each) => each !== undefined);
  if (declared?.mode !== 'regular') return undefined;
  const { options } = declared;
  const design: unknown = Reflect.getMetadata('design:type', entity.prototype, property);
  const kind = kindOf(design, options);
  const values = options.enum ? Object.values(options.enum as object) : undefined;
  const type = kind === 'enum' ? typeOfValues(values ?? []) : design && design !== Object ? design : TYPES[kind];
  const initial = (new entity() as unknown as Record<string, unknown>)[property];
  return {
    property,
    kind,
    type: type ?? Object,
    isNullable: options.nullable === true,
    hasDefault: options.default !== undefined || (initial !== undefined && initial !== null),
    ...(kind === 'text' && options.length && !options.transformer ? { length: Number(options.length) } : {}),
    ...(kind === 'integer' ? { range: rangeOf(options) } : {}),
    ...(values ? { values } : {}),
  };
}

function kindOf(design: unknown, options: ColumnOptions): ColumnKind {
  if (options.array) return 'other';
  if (options.enum) return 'enum';
  // With a transformer the column's type says nothing of what the property holds.
  const type = options.transformer ? design : (options.type ?? design);
  if (type === String) return 'text';
  if (type === Number) return options.transformer ? 'number' : 'integer';
  if (type === Boolean) return 'boolean';
  if (type === Date) return 'instant';
  return KINDS[String(type)] ?? 'other';
}

function rangeOf({ type }: ColumnOptions): [number, number] {
  return type === 'int2' || type === 'smallint' ? [-32_768, 32_767] : [-2_147_483_648, 2_147_483_647];
}

function typeOfValues(values: readonly unknown[]): unknown {
  return values.every((value) => typeof value === 'number') ? Number : String;
}
