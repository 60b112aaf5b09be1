import type { UserBase } from 'postern/users';

/**
 * A part of the data that `GET /users/me/export` returns. List your class as a provider of any module: the export has
 * each provider that extends this class.
 *
 * @example
 * ```ts
 * @Injectable()
 * class ExpenseData extends PersonalData<Employee> {
 *   readonly name = 'expenses';
 *   constructor(private readonly expenses: Expenses) {
 *     super();
 *   }
 *   dataOf({ id }: Employee) {
 *     return this.expenses.streamOf(id); // rows one by one
 *   }
 * }
 * ```
 */
export abstract class PersonalData<U extends UserBase = UserBase> {
  /** The member of the export, in camelCase, such as `sessions`. */
  abstract readonly name: string;

  /**
   * Returns the data as JSON: a value, or the elements of an array one by one. Return no secret and no hash, and no
   * data of another person.
   */
  abstract dataOf(user: U): Promise<unknown> | AsyncIterable<unknown>;
}
