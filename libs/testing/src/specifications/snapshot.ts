import { inspect } from 'node:util';

/** The complete contents of a value as a string, to detect a change later. */
export const snapshotOf = (value: unknown): string =>
  inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, showHidden: true });

/** Copies the object, so that a change in one statement does not affect another. */
export function copyOf<T extends object>(value: T): T {
  return Object.assign(Object.create(Object.getPrototypeOf(value) as object) as T, value);
}
