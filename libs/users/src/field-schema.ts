import type { Type } from '@nestjs/common';
import type { ApiPropertyOptions } from '@nestjs/swagger';
import { knownRulesOf, type KnownRule } from './column-rules.js';
import type { UserColumn } from './user-column.js';
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
  isEnum: (values) => ({ enum: values }),
  isUuid: () => ({ format: 'uuid' }),
  isEmail: () => ({ format: 'email' }),
  isUrl: () => ({ format: 'uri' }),
};

/** The schema of a field in the OpenAPI document, from its validators, its column and what `@UserField` says of it. */
export function schemaOf(
  dto: Type,
  field: DeclaredUserField,
  column: UserColumn,
  presence: 'required' | 'optional',
): ApiPropertyOptions {
  const rules = knownRulesOf(dto, field.property);
  return {
    ...rules.filter((rule) => !rule.each).reduce(narrowed, {}),
    ...(column.kind === 'day' ? { format: 'date', pattern: undefined } : {}),
    ...(column.kind === 'integer' ? { type: 'integer' } : {}),
    required: presence === 'required',
    ...(column.isNullable ? { nullable: true } : {}),
    ...(field.description ? { description: field.description } : {}),
    example: exampleOf(field, column),
  };
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

/** The example of a field: the declared one, else one that fits its kind. */
export function exampleOf(field: DeclaredUserField, column: UserColumn): unknown {
  if (field.example !== undefined) return field.example;
  switch (column.kind) {
    case 'text':
      return 'text';
    case 'uuid':
      return '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77';
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'instant':
      return '2026-11-23T08:30:00.000Z';
    case 'day':
      return '2026-11-23';
    case 'enum':
      return column.values?.[0];
    case 'other':
      return undefined;
  }
}
