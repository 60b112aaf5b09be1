import { inspect } from 'node:util';

/** All that there is to see of a value, as text: to find out later whether it was changed. */
export const snapshotOf = (value: unknown): string =>
  inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null, showHidden: true });

/** Another one like it, for each statement its own: what one of them changes is seen by no other. */
export function copyOf<T extends object>(value: T): T {
  return Object.assign(Object.create(Object.getPrototypeOf(value) as object) as T, value);
}
