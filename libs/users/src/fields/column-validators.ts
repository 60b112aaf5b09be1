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

/** Years of four digits: ISO 8601 needs an agreement for others. */
const INSTANT = /^\d{4}-\d\d-\d\dT/;
const DAY = /^(?!0000)\d{4}-\d\d-\d\d$/;

const isDay: ValidateByOptions = {
  name: 'isDay',
  validator: {
    validate: (value: unknown) => typeof value === 'string' && DAY.test(value) && isInCalendar(value),
    defaultMessage: () => '$property must be an ISO 8601 date, such as 2026-11-23',
  },
};

/** `Date` reads 30 February as 2 March. */
function isInCalendar(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00.000Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

/** PostgreSQL rejects a `real` that four bytes would round to infinity or to zero. */
const isReal: ValidateByOptions = {
  name: 'isReal',
  validator: {
    validate: (value: unknown) =>
      typeof value === 'number' && Number.isFinite(Math.fround(value)) && (Math.fround(value) !== 0) === (value !== 0),
    defaultMessage: () => '$property must be a number that a 4-byte float can hold',
  },
};

const readInstant = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string' && INSTANT.test(value) && isISO8601(value, { strict: true }) ? new Date(value) : value,
);

/**
 * The validators that a column implies (type, length, range, enum values), so that the database does not have to reject
 * a value. They apply in addition to the validators of the entity.
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
      return [readInstant, IsDate({ message: '$property must be an ISO 8601 instant, such as 2026-11-23T08:30:00Z' })];
    case 'day':
      return [ValidateBy(isDay)];
    case 'enum':
      return [IsIn([...(column.values ?? [])])];
    case 'other':
      return [];
  }
}

/** Requires a list if a validator has `each: true`: class-validator would also apply it to a single value. */
export function listRuleOf(entity: Type, { kind, property }: UserColumn): PropertyDecorator[] {
  return kind === 'other' && knownRulesOf(entity, property).some(({ each }) => each) ? [IsArray()] : [];
}

/** Whether the value is required, and whether it may be null. */
export function presenceOf(column: UserColumn, presence: 'required' | 'optional'): PropertyDecorator {
  if (presence === 'required') return IsDefined();
  return column.isNullable ? IsOptional() : ValidateIf((_, value) => value !== undefined);
}

/** A class-validator rule of a property. */
export interface KnownRule {
  readonly name: string;
  readonly constraints: readonly unknown[];
  readonly each: boolean;
}

/** The class-validator rules of a property, including inherited ones. */
export function knownRulesOf(target: Type, property: string): KnownRule[] {
  return getMetadataStorage()
    .getTargetValidationMetadatas(target, '', false, false)
    .filter((rule) => rule.propertyName === property)
    .map((rule) => ({ name: rule.name ?? rule.type, constraints: rule.constraints ?? [], each: rule.each ?? false }));
}
