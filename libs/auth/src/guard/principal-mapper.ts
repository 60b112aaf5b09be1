import type { Principal } from './principal.js';

/**
 * Decides what `@CurrentUser()` receives. Asked once a request, after the token and its scopes are accepted;
 * `undefined` or `null` refuses the request as a bad token would be, an error is answered as it is.
 *
 * Return a value, not a promise, where no lookup is needed: the guard then decides without waiting.
 *
 * @example
 * ```ts
 * \@Injectable()
 * class EmployeeMapper extends PrincipalMapper<Employee> {
 *   constructor(private readonly employees: Employees) { super(); }
 *   override map(principal: Principal): Promise<Employee | undefined> {
 *     return this.employees.find(principal.subject);
 *   }
 * }
 * ```
 */
export abstract class PrincipalMapper<U = unknown> {
  abstract map(principal: Principal): U | undefined | null | PromiseLike<U | undefined | null>;
}

/** Hands out the principal itself. */
export class IdentityPrincipalMapper extends PrincipalMapper<Principal> {
  override map(principal: Principal): Principal {
    return principal;
  }
}
