import type { Type } from '@nestjs/common';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { knownRulesOf } from './column-validators.js';
import type { KnownRule } from './column-validators.js';
import type { UserColumn } from './entity-column.js';
import type { DeclaredUserField } from './user-field.decorator.js';

/** The JSON Schema keywords of each validator. Other validators have none. */
const KEYWORDS: Record<string, (first: unknown, second: unknown) => Record<string, unknown>> = {
  minLength: (minLength) => ({ minLength }),
  maxLength: (maxLength) => ({ maxLength }),
  isLength: (minLength, maxLength) => ({ minLength, ...(maxLength === undefined ? {} : { maxLength }) }),
  min: (minimum) => ({ minimum }),
  max: (maximum) => ({ maximum }),
  matches: (pattern) => (pattern instanceof RegExp ? { pattern: pattern.source } : {}),
  isIn: (values) => (Array.isArray(values) ? { enum: values } : {}),
  isEnum: (_, values) => ({ enum: values }),
  isUuid: () => ({ format: 'uuid' }),
  isEmail: () => ({ format: 'email' }),
  isUrl: () => ({ format: 'uri' }),
};

/** Validators that an example generated from the keywords above, or from the kind of the column, satisfies. */
const SATISFIED = new Set(
  Object.keys(KEYWORDS).concat(
    'isString isInt isNumber isBoolean isDate isDefined isNotEmpty isOptional conditionalValidation'.split(' '),
  ),
);

/** The one type that a validator accepts. */
const TYPES = new Map<string, unknown>([
  ...'isString isNumberString matches minLength maxLength isLength isEmail isUrl isUuid'
    .split(' ')
    .map((name) => [name, String] as const),
  ...'isInt isNumber min max'.split(' ').map((name) => [name, Number] as const),
  ['isBoolean', Boolean],
  ['isDate', Date],
]);

/** The metadata key of `@ApiProperty()` in @nestjs/swagger. */
const API_PROPERTY = 'swagger/apiModelProperties';

/** Whether the field is in a request or in a response. */
type Direction = { readonly sent: 'required' | 'optional' } | 'shown';

/**
 * The OpenAPI schema of a field, from its validators, its column and `@UserField`. `@ApiProperty()` on the entity
 * overrides all of these.
 */
export function schemaOf(
  entity: Type,
  field: DeclaredUserField,
  column: UserColumn,
  direction: Direction,
): ApiPropertyOptions {
  const isShown = direction === 'shown';
  return {
    ...keywordsOf(entity, column),
    type: (isShown ? column.shownType : column.sentType) ?? typeByRules(entity, column) ?? Object,
    ...(column.kind === 'day' ? { format: 'date' } : {}),
    ...(column.kind === 'integer' ? { type: 'integer' } : {}),
    ...(column.isNullable ? { nullable: true } : {}),
    ...(field.description ? { description: field.description } : {}),
    example: exampleOf(entity, field, column),
    ...apiPropertyOf(entity, column),
    required: isShown || direction.sent === 'required',
  } as ApiPropertyOptions;
}

/** The JSON Schema keywords that the column and the validators imply. */
function keywordsOf(entity: Type, { property, kind, length, range, values }: UserColumn): Record<string, unknown> {
  return knownRulesOf(entity, property)
    .filter((rule) => !rule.each)
    .reduce(narrowed, {
      ...(kind === 'uuid' ? { format: 'uuid' } : {}),
      ...(length ? { maxLength: length } : {}),
      ...(range ? { minimum: range[0], maximum: range[1] } : {}),
      ...(kind === 'enum' ? { enum: values } : {}),
    });
}

/** The type that the validators accept. It helps if nothing else declares one: `string | null` with a transformer. */
function typeByRules(entity: Type, { property }: UserColumn): unknown {
  const rule = knownRulesOf(entity, property).find(({ name }) => TYPES.has(name));
  const type = rule && TYPES.get(rule.name);
  return rule?.each ? [type] : type;
}

function apiPropertyOf(entity: Type, { property }: UserColumn): Record<string, unknown> {
  const { type, ...options } = (Reflect.getMetadata(API_PROPERTY, entity.prototype, property) ?? {}) as Record<
    string,
    unknown
  >;
  // A type equal to `design:type` is the default of @nestjs/swagger, which knows less than the column.
  const isNamed = type !== undefined && type !== Reflect.getMetadata('design:type', entity.prototype, property);
  return isNamed ? { ...options, type } : options;
}

/** All rules apply, so the schema has the stricter of two bounds, such as those of the column and of a validator. */
function narrowed(schema: Record<string, unknown>, { name, constraints }: KnownRule): Record<string, unknown> {
  const words = KEYWORDS[name]?.(constraints[0], constraints[1]) ?? {};
  for (const [word, value] of Object.entries(words)) {
    const existing = schema[word];
    const isBound = typeof existing === 'number' && typeof value === 'number';
    if (isBound) words[word] = word.startsWith('min') ? Math.max(existing, value) : Math.min(existing, value);
  }
  return { ...schema, ...words };
}

/** The declared example of a field, or else a generated one that its column and its validators accept, if possible. */
export function exampleOf(entity: Type, field: DeclaredUserField, column: UserColumn): unknown {
  const declared = field.example ?? apiPropertyOf(entity, column)['example'];
  if (declared !== undefined) return declared;
  const rules = knownRulesOf(entity, column.property);
  const unknown = column.isNullable ? null : undefined;
  if (rules.some(({ name }) => !SATISFIED.has(name))) return unknown;
  const words = keywordsOf(entity, column);
  const example =
    (words['enum'] as unknown[] | undefined)?.[0] ?? FORMATS[String(words['format'])] ?? simplest(column, words);
  const patterns = rules.flatMap(({ name, constraints }) => (name === 'matches' ? [constraints[0]] : []));
  return patterns.every((pattern) => pattern instanceof RegExp && String(example).search(pattern) >= 0)
    ? example
    : unknown;
}

const FORMATS: Readonly<Record<string, string>> = {
  uuid: '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
  email: 'ada@example.com',
  uri: 'https://example.com',
};

function simplest({ kind }: UserColumn, words: Record<string, unknown>): unknown {
  const {
    minLength = 0,
    maxLength = Infinity,
    minimum = -Infinity,
    maximum = Infinity,
  } = words as Record<string, number>;
  switch (kind) {
    case 'text':
      return 'text'.repeat(Math.ceil(minLength / 4) || 1).slice(0, Math.min(Math.max(minLength, 4), maxLength));
    case 'integer':
    case 'number':
    case 'real':
      return Math.min(Math.max(1, minimum), maximum);
    case 'boolean':
      return true;
    case 'instant':
      return '2026-11-23T08:30:00.000Z';
    case 'day':
      return '2026-11-23';
    case 'enum':
    case 'uuid':
    case 'other':
      return undefined;
  }
}
