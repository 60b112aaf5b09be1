import { Transform } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsDate,
  IsDefined,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateIf,
  getMetadataStorage,
  isISO8601,
} from 'class-validator';
import type { ValidateByOptions } from 'class-validator';
import type { Type } from '@nestjs/common';
import type { UserColumn } from './entity-column.js';

/** Years of four digits: what ISO 8601 says without an agreement, and what PostgreSQL can hold. */
const INSTANT = /^\d{4}-\d\d-\d\dT/;
const DAY = /^(?!0000)\d{4}-\d\d-\d\d$/;

const isDay: ValidateByOptions = {
  name: 'isDay',
  validator: {
    validate: (value: unknown) => typeof value === 'string' && DAY.test(value) && isInCalendar(value),
    defaultMessage: () => '$property must be a day of ISO 8601, as 2026-11-23',
  },
};

/** A day too many is one of the next month to `Date`. */
function isInCalendar(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00.000Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

/** PostgreSQL refuses what four bytes would round to infinity or to zero. */
const isReal: ValidateByOptions = {
  name: 'isReal',
  validator: {
    validate: (value: unknown) =>
      typeof value === 'number' && Number.isFinite(Math.fround(value)) && (Math.fround(value) !== 0) === (value !== 0),
    defaultMessage: () => '$property must be a number that four bytes can hold',
  },
};

const readInstant = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string' && INSTANT.test(value) && isISO8601(value, { strict: true }) ? new Date(value) : value,
);

/**
 * The validation that a column implies by itself, so that no request can bring the database to refuse a value: the
 * type, the length, the range, the values of an enum. Comes on top of the validators that the team wrote.
 */
export function rulesOf(column: UserColumn): PropertyDecorator[] {
  switch (column.kind) {
    case 'text':
      return [IsString(), ...(column.length ? [MaxLength(column.length)] : [])];
    case 'uuid':
      return [IsUUID()];
    case 'integer':
      return [IsInt(), ...(column.range ? [Min(column.range[0]), Max(column.range[1])] : [])];
    case 'number':
      return [IsNumber()];
    case 'real':
      return [IsNumber(), ValidateBy(isReal)];
    case 'boolean':
      return [IsBoolean()];
    case 'instant':
      return [readInstant, IsDate({ message: '$property must be an instant of ISO 8601, as 2026-11-23T08:30:00Z' })];
    case 'day':
      return [ValidateBy(isDay)];
    case 'enum':
      return [IsIn([...(column.values ?? [])])];
    case 'other':
      return [];
  }
}

/** Asks for a list where the team's validators are of its entries: class-validator asks them of anything else as it is. */
export function listRuleOf(entity: Type, { kind, property }: UserColumn): PropertyDecorator[] {
  return kind === 'other' && knownRulesOf(entity, property).some(({ each }) => each) ? [IsArray()] : [];
}

/** Whether the value has to be given, and whether null is one. */
export function presenceOf(column: UserColumn, presence: 'required' | 'optional'): PropertyDecorator {
  if (presence === 'required') return IsDefined();
  return column.isNullable ? IsOptional() : ValidateIf((_, value) => value !== undefined);
}

/** One validator that class-validator knows of a property. */
export interface KnownRule {
  readonly name: string;
  readonly constraints: readonly unknown[];
  readonly each: boolean;
}

/** The validators of a property, the inherited ones included. */
export function knownRulesOf(target: Type, property: string): KnownRule[] {
  return getMetadataStorage()
    .getTargetValidationMetadatas(target, '', false, false)
    .filter((rule) => rule.propertyName === property)
    .map((rule) => ({ name: rule.name ?? rule.type, constraints: rule.constraints ?? [], each: rule.each ?? false }));
}
