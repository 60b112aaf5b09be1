import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { getMetadataArgsStorage } from 'typeorm';
import type { ColumnOptions } from 'typeorm';
import type { UserBase } from '../user-base.entity.js';
import { ancestryOf } from './user-field.decorator.js';

/** The kind of value that a column declares; `other` implies no validation. */
type ColumnKind = 'text' | 'uuid' | 'integer' | 'number' | 'real' | 'boolean' | 'instant' | 'day' | 'enum' | 'other';

/** A column of the user entity, read from the metadata of TypeORM and the compiler. */
export interface UserColumn {
  readonly property: string;
  readonly kind: ColumnKind;
  /**
   * The type in an OpenAPI request: a constructor, or a list of one. Undefined if neither the column nor the compiler
   * declares it.
   */
  readonly sentType: unknown;
  /** The type in an OpenAPI response: the type that the driver returns, whatever the type of the property is. */
  readonly shownType: unknown;
  readonly isNullable: boolean;
  /** False for `select: false`. */
  readonly isSelected: boolean;
  /** Whether a value is stored at creation; false for `insert: false` and `@Generated()`. */
  readonly isInserted: boolean;
  /** False for `update: false`. */
  readonly isUpdated: boolean;
  /** Whether the database computes the column and rejects every value. */
  readonly isGenerated: boolean;
  /** Whether the property holds bytes, which JSON cannot represent. */
  readonly isBinary: boolean;
  /** Whether an INSERT without a value stores something other than null. */
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
  ...kindsOf('number', 'float', 'float8', 'double precision'),
  ...kindsOf('real', 'float4', 'real'),
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
  real: Number,
  boolean: Boolean,
  instant: Date,
};

/** Types that `pg` returns as strings, because no JavaScript type holds all their values. */
const TEXTUAL = new Set(
  'numeric,decimal,money,bigint,int8,time,time without time zone,timetz,time with time zone,inet,cidr,macaddr,macaddr8,bit,bit varying,varbit,xml,tsvector'.split(
    ',',
  ),
);

function kindsOf(kind: ColumnKind, ...types: string[]): Record<string, ColumnKind> {
  return Object.fromEntries(types.map((type) => [type, kind]));
}

/** The column of a property, or `undefined` if the property is not a regular column. */
export function columnOf(entity: Type<UserBase>, property: string): UserColumn | undefined {
  const ancestry = ancestryOf(entity).toReversed();
  const { columns } = getMetadataArgsStorage();
  const generation = getMetadataArgsStorage().findGenerated(ancestry, property);
  const declared = ancestry
    .map((ancestor) => columns.find((each) => each.target === ancestor && each.propertyName === property))
    .find((each) => each !== undefined);
  if (declared?.mode !== 'regular') return undefined;
  const { options } = declared;
  const declaredType: unknown = Reflect.getMetadata('design:type', entity.prototype, property);
  const design = declaredType === Object ? undefined : declaredType;
  const kind = kindOf(design, options);
  const values = options.enum ? valuesOf(options.enum) : undefined;
  const columnType = kind === 'enum' ? typeOfValues(values ?? []) : TYPES[kind];
  const returned = driverType(options);
  const initial = (new entity() as unknown as Record<string, unknown>)[property];
  return {
    property,
    isSelected: options.select !== false,
    isInserted: options.insert !== false && generation?.strategy !== 'increment',
    isUpdated: options.update !== false,
    isGenerated: (options.asExpression ?? options.generatedType) !== undefined,
    kind,
    sentType: columnType ?? (Array.isArray(returned) ? returned : design) ?? returned,
    shownType: columnType ?? returned ?? design,
    isNullable: options.nullable === true,
    isBinary: !options.transformer && (options.type === 'bytea' || (options.type as unknown) === Buffer),
    hasDefault: options.default !== undefined || (initial !== undefined && initial !== null),
    ...(kind === 'text' && options.length && !options.transformer ? { length: Number(options.length) } : {}),
    ...(kind === 'integer' ? { range: rangeOf(options) } : {}),
    ...(values ? { values } : {}),
  };
}

/** The kind of a property that is not a plain column, if TypeORM knows it. */
export function insteadOfColumn(entity: Type<UserBase>, property: string): 'embedded' | 'relation' | undefined {
  const { embeddeds, relations } = getMetadataArgsStorage();
  const ancestry = ancestryOf(entity);
  const isOfIt = (each: { readonly target: unknown; readonly propertyName: string }): boolean =>
    each.propertyName === property && ancestry.some((ancestor) => ancestor === each.target);
  if (embeddeds.some(isOfIt)) return 'embedded';
  return relations.some(isOfIt) ? 'relation' : undefined;
}

/** The embedded classes of the class and its parents, by property. */
export function embeddedClassesOf(entity: Type): readonly { property: string; embedded: Type }[] {
  const ancestry: unknown[] = ancestryOf(entity);
  return getMetadataArgsStorage()
    .embeddeds.filter(({ target }) => ancestry.includes(target))
    .map(({ propertyName: property, type }) => ({ property, embedded: type() }))
    .filter((each): each is { property: string; embedded: Type } => typeof each.embedded === 'function');
}

/** A property that a class declares as a column, with the name of the column in the database. */
interface DeclaredColumn {
  readonly owner: Type;
  readonly property: string;
  readonly name: string;
}

/** The columns that the class and its parents declare, parents first; a redeclared property occurs again. */
export function declaredColumnsOf(entity: Type<UserBase>): readonly DeclaredColumn[] {
  const { columns } = getMetadataArgsStorage();
  return ancestryOf(entity).flatMap((owner) =>
    columns
      .filter(({ target }) => target === owner)
      .map(({ propertyName, options }) => ({ owner, property: propertyName, name: options.name ?? propertyName })),
  );
}

function kindOf(design: unknown, options: ColumnOptions): ColumnKind {
  if (options.array) return 'other';
  if (options.enum) return 'enum';
  // With a transformer the type of the column is not the type of the property.
  const type = options.transformer ? design : (options.type ?? design);
  if (type === String) return 'text';
  if (type === Number) return options.transformer ? 'number' : 'integer';
  if (type === Boolean) return 'boolean';
  if (type === Date) return 'instant';
  return KINDS[String(type)] ?? 'other';
}

/** The type that the driver returns for a column of the kind `other`, if known. */
function driverType({ type, array, transformer, enum: values }: ColumnOptions): unknown {
  if (transformer) return undefined;
  if (type === 'simple-array') return [String];
  if (array) {
    const element = values ? typeOfValues(valuesOf(values)) : TYPES[KINDS[String(type)] ?? 'other'];
    return element && [element];
  }
  return TEXTUAL.has(String(type)) ? String : undefined;
}

function rangeOf({ type }: ColumnOptions): [number, number] {
  return type === 'int2' || type === 'smallint' ? [-32_768, 32_767] : [-2_147_483_648, 2_147_483_647];
}

/** The values of an enum. A numeric enum also maps values to names; these are left out, as TypeORM does. */
function valuesOf(declared: object): unknown[] {
  if (Array.isArray(declared)) return declared;
  return Object.entries(declared)
    .filter(([name, value]) => Number.isNaN(Number(name)) && typeof value !== 'function')
    .map(([, value]) => value as unknown);
}

function typeOfValues(values: readonly unknown[]): unknown {
  return values.every((value) => typeof value === 'number') ? Number : String;
}
