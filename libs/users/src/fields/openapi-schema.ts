import type { Type } from '@nestjs/common';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { knownRulesOf } from './column-validators.js';
import type { KnownRule } from './column-validators.js';
import type { UserColumn } from './entity-column.js';
import type { DeclaredUserField } from './user-field.decorator.js';

/** What a validator means in the words of JSON Schema; validators that have no word there add nothing. */
const WORDS: Record<string, (first: unknown, second: unknown) => Record<string, unknown>> = {
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

/** Validators that an example by the words above, or by the column's kind, contents. */
const SATISFIED = new Set(
  Object.keys(WORDS).concat(
    'isString isInt isNumber isBoolean isDate isDefined isNotEmpty isOptional conditionalValidation'.split(' '),
  ),
);

/** What a value must be that contents a validator, as far as that is one type. */
const TYPES = new Map<string, unknown>([
  ...'isString isNumberString matches minLength maxLength isLength isEmail isUrl isUuid'
    .split(' ')
    .map((name) => [name, String] as const),
  ...'isInt isNumber min max'.split(' ').map((name) => [name, Number] as const),
  ['isBoolean', Boolean],
  ['isDate', Date],
]);

/** Where @nestjs/swagger keeps what `@ApiProperty()` was told. */
const API_PROPERTY = 'swagger/apiModelProperties';

/** A field of a request, or of an answer. */
type Direction = { readonly sent: 'required' | 'optional' } | 'shown';

/**
 * The schema of a field in the OpenAPI document, from its validators, its column and what `@UserField` says of it; what
 * the team says by `@ApiProperty()` counts before all of these.
 */
export function schemaOf(
  entity: Type,
  field: DeclaredUserField,
  column: UserColumn,
  direction: Direction,
): ApiPropertyOptions {
  const isShown = direction === 'shown';
  return {
    ...wordsOf(entity, column),
    type: (isShown ? column.shownType : column.sentType) ?? typeByRules(entity, column) ?? Object,
    ...(column.kind === 'day' ? { format: 'date' } : {}),
    ...(column.kind === 'integer' ? { type: 'integer' } : {}),
    ...(column.isNullable ? { nullable: true } : {}),
    ...(field.description ? { description: field.description } : {}),
    example: exampleOf(entity, field, column),
    ...saidByTeam(entity, column),
    required: isShown || direction.sent === 'required',
  } as ApiPropertyOptions;
}

/** What the column and the validators allow, in the words of JSON Schema. */
function wordsOf(entity: Type, { property, kind, length, range, values }: UserColumn): Record<string, unknown> {
  return knownRulesOf(entity, property)
    .filter((rule) => !rule.each)
    .reduce(narrowed, {
      ...(kind === 'uuid' ? { format: 'uuid' } : {}),
      ...(length ? { maxLength: length } : {}),
      ...(range ? { minimum: range[0], maximum: range[1] } : {}),
      ...(kind === 'enum' ? { enum: values } : {}),
    });
}

/** The type of what the validators let pass, for a property of which nothing else tells it: `string | null` behind a transformer. */
function typeByRules(entity: Type, { property }: UserColumn): unknown {
  const rule = knownRulesOf(entity, property).find(({ name }) => TYPES.has(name));
  const type = rule && TYPES.get(rule.name);
  return rule?.each ? [type] : type;
}

function saidByTeam(entity: Type, { property }: UserColumn): Record<string, unknown> {
  const { type, ...said } = (Reflect.getMetadata(API_PROPERTY, entity.prototype, property) ?? {}) as Record<
    string,
    unknown
  >;
  // Where the team named no type, this is the compiler's, which knows less than the column.
  const isNamed = type !== undefined && type !== Reflect.getMetadata('design:type', entity.prototype, property);
  return isNamed ? { ...said, type } : said;
}

/** All rules count, so of two bounds, such as the column's and the team's, it is the closer one that a reader needs. */
function narrowed(schema: Record<string, unknown>, { name, constraints }: KnownRule): Record<string, unknown> {
  const words = WORDS[name]?.(constraints[0], constraints[1]) ?? {};
  for (const [word, value] of Object.entries(words)) {
    const known = schema[word];
    const isBound = typeof known === 'number' && typeof value === 'number';
    if (isBound) words[word] = word.startsWith('min') ? Math.max(known, value) : Math.min(known, value);
  }
  return { ...schema, ...words };
}

/** The example of a field: the declared one, else one that its column and its validators allow, where it is known what that is. */
export function exampleOf(entity: Type, field: DeclaredUserField, column: UserColumn): unknown {
  const declared = field.example ?? saidByTeam(entity, column)['example'];
  if (declared !== undefined) return declared;
  const rules = knownRulesOf(entity, column.property);
  const unknown = column.isNullable ? null : undefined;
  if (rules.some(({ name }) => !SATISFIED.has(name))) return unknown;
  const words = wordsOf(entity, column);
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
