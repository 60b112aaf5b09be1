/**
 * Whether it has to be waited for. Not only promises of this realm do: queries of Prisma, Knex and Mongoose are no promises, and begin
 * when they are waited for. Taken for a value, one of them would pass for whatever it would have refused.
 */
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | null | undefined)?.then === 'function';
}
