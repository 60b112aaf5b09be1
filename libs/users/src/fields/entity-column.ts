import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { getMetadataArgsStorage } from 'typeorm';
import type { ColumnOptions } from 'typeorm';
import type { UserBase } from '../user-base.entity.js';
import { ancestryOf } from './user-field.decorator.js';

/** What a column holds, as far as its declaration tells; `other` is for the team's own validators to say. */
type ColumnKind = 'text' | 'uuid' | 'integer' | 'number' | 'real' | 'boolean' | 'instant' | 'day' | 'enum' | 'other';

/** A column of the user's entity, read from what TypeORM and the compiler were told about the property. */
export interface UserColumn {
  readonly property: string;
  readonly kind: ColumnKind;
  /**
   * What the OpenAPI document takes the type from where the field is sent: a constructor, or a list of one. Undefined where neither
   * the column nor the compiler tells.
   */
  readonly sentType: unknown;
  /** The same where the field is answered: what the driver makes of the column, whatever the property is declared as. */
  readonly shownType: unknown;
  readonly isNullable: boolean;
  /** Whether the column is read with the user; what `select: false` says is not. */
  readonly isSelected: boolean;
  /** Whether a value that is given at creation is stored; what `insert: false` and `@Generated()` say is not. */
  readonly isInserted: boolean;
  /** Whether a value that is given later is stored; what `update: false` says is not. */
  readonly isUpdated: boolean;
  /** Whether the database computes the column, and refuses every value. */
  readonly isGenerated: boolean;
  /** Whether the property holds bytes, for which JSON has no form. */
  readonly isBinary: boolean;
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

/** What `pg` hands over as text, since no JavaScript type holds every value of it. */
const TEXTUAL = new Set(
  'numeric,decimal,money,bigint,int8,time,time without time zone,timetz,time with time zone,inet,cidr,macaddr,macaddr8,bit,bit varying,varbit,xml,tsvector'.split(
    ',',
  ),
);

function kindsOf(kind: ColumnKind, ...types: string[]): Record<string, ColumnKind> {
  return Object.fromEntries(types.map((type) => [type, kind]));
}

/** The column behind a property of the entity, or `undefined` where the property is none that can be written. */
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
  const known = kind === 'enum' ? typeOfValues(values ?? []) : TYPES[kind];
  const driven = drivenType(options);
  const initial = (new entity() as unknown as Record<string, unknown>)[property];
  return {
    property,
    isSelected: options.select !== false,
    isInserted: options.insert !== false && generation?.strategy !== 'increment',
    isUpdated: options.update !== false,
    isGenerated: (options.asExpression ?? options.generatedType) !== undefined,
    kind,
    sentType: known ?? (Array.isArray(driven) ? driven : design) ?? driven,
    shownType: known ?? driven ?? design,
    isNullable: options.nullable === true,
    isBinary: !options.transformer && (options.type === 'bytea' || (options.type as unknown) === Buffer),
    hasDefault: options.default !== undefined || (initial !== undefined && initial !== null),
    ...(kind === 'text' && options.length && !options.transformer ? { length: Number(options.length) } : {}),
    ...(kind === 'integer' ? { range: rangeOf(options) } : {}),
    ...(values ? { values } : {}),
  };
}

/** What a property is that no column stands behind, as far as TypeORM was told. */
export function insteadOfColumn(entity: Type<UserBase>, property: string): 'embedded' | 'relation' | undefined {
  const { embeddeds, relations } = getMetadataArgsStorage();
  const ancestry = ancestryOf(entity);
  const isOfIt = (each: { readonly target: unknown; readonly propertyName: string }): boolean =>
    each.propertyName === property && ancestry.some((ancestor) => ancestor === each.target);
  if (embeddeds.some(isOfIt)) return 'embedded';
  return relations.some(isOfIt) ? 'relation' : undefined;
}

/** The properties of the class and its parents that are of an embedded class, with that class. */
export function embeddedClassesOf(entity: Type): readonly { property: string; embedded: Type }[] {
  const ancestry: unknown[] = ancestryOf(entity);
  return getMetadataArgsStorage()
    .embeddeds.filter(({ target }) => ancestry.includes(target))
    .map(({ propertyName: property, type }) => ({ property, embedded: type() }))
    .filter((each): each is { property: string; embedded: Type } => typeof each.embedded === 'function');
}

/** A property that some class declared as a column, and the name of that column in the database. */
interface DeclaredColumn {
  readonly owner: Type;
  readonly property: string;
  readonly name: string;
}

/** What the class and its parents declared as columns, parents first; a property declared again comes once more. */
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
  // With a transformer the column's type says nothing of what the property holds.
  const type = options.transformer ? design : (options.type ?? design);
  if (type === String) return 'text';
  if (type === Number) return options.transformer ? 'number' : 'integer';
  if (type === Boolean) return 'boolean';
  if (type === Date) return 'instant';
  return KINDS[String(type)] ?? 'other';
}

/** What the driver makes of a column that is of no kind, where that is one type. */
function drivenType({ type, array, transformer, enum: values }: ColumnOptions): unknown {
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

/** The values of an enum: one of numbers has its names for values, too, which TypeORM does not count either. */
function valuesOf(declared: object): unknown[] {
  if (Array.isArray(declared)) return declared;
  return Object.entries(declared)
    .filter(([name, value]) => Number.isNaN(Number(name)) && typeof value !== 'function')
    .map(([, value]) => value as unknown);
}

function typeOfValues(values: readonly unknown[]): unknown {
  return values.every((value) => typeof value === 'number') ? Number : String;
}
