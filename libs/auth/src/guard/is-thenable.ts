/**
 * Whether the value must be awaited. `instanceof Promise` is not enough: queries of Prisma, Knex, and Mongoose are
 * thenables that start when they are awaited. If the guard took such a query for a user, it would accept the request
 * without running the query.
 */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | null | undefined)?.then === 'function';
}
