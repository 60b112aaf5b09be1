import { isISO8601 } from 'class-validator';
import { EntryError } from '../source-user.js';

/** An object of a JSON document. */
export type JsonObject = Readonly<Record<string, unknown>>;

const MAX_MILLISECONDS = Date.UTC(2100, 0);

/** @throws EntryError unless the value is a JSON object */
export function objectOf(value: unknown, what: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new EntryError(`${what} is not an object`);
}

/** Parses JSON text of an object. The error has no part of the text. @throws EntryError */
export function jsonObjectOf(text: string, what: string): JsonObject {
  return objectOf(jsonOf(text, what), what);
}

/** Parses JSON text. @throws EntryError */
export function jsonOf(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new EntryError(`${what} is not valid JSON`);
  }
}

/** A text, or `undefined` for null and an empty text. @throws EntryError */
export function textOf(value: unknown, what: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new EntryError(`${what} is not a text`);
}

/** A text or an integer as text. @throws EntryError */
export function idOf(value: unknown, what: string): string {
  const text = Number.isSafeInteger(value) ? String(value) : textOf(value, what);
  if (text === undefined) throw new EntryError(`${what} is missing`);
  return text;
}

/** @throws EntryError if the user has no address, which each login needs */
export function addressOf(value: unknown): string {
  const address = textOf(value, 'the e-mail address');
  if (address === undefined) throw new EntryError('the user has no e-mail address');
  return address;
}

/** @throws EntryError */
export function flagOf(value: unknown, what: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  throw new EntryError(`${what} is neither true nor false`);
}

/** A list of texts; an absent list is empty. @throws EntryError */
export function textsOf(value: unknown, what: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new EntryError(`${what} is not a list of texts`);
}

/** An instant of ISO 8601, also with a space and a short offset as PostgreSQL writes it. @throws EntryError */
export function instantOf(value: unknown, what: string): Date | undefined {
  const text = textOf(value, what);
  if (text === undefined) return undefined;
  const iso = text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00');
  if (!isISO8601(iso, { strict: true })) throw new EntryError(`${what} is not a date`);
  return dateOf(Date.parse(iso), what);
}

/** An instant in epoch milliseconds, as a number or as text. @throws EntryError */
export function millisecondsOf(value: unknown, what: string): Date | undefined {
  if (value === undefined || value === null) return undefined;
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d{1,15}$/.test(value));
  return dateOf(isNumber ? Number(value) : NaN, what);
}

function dateOf(milliseconds: number, what: string): Date {
  if (milliseconds >= 0 && milliseconds < MAX_MILLISECONDS) return new Date(milliseconds);
  throw new EntryError(`${what} is not a date between 1970 and 2100`);
}
