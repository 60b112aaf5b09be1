import type { Principal } from './principal.js';

/**
 * Maps the principal to the value of `@CurrentUser()`. The guard calls it once per request, after it has accepted the
 * token and its scopes. If it returns `undefined` or `null`, the guard rejects the request like one with an invalid
 * token. If it throws, the client gets that error.
 *
 * Return a value instead of a promise if no lookup is needed: the guard then does not wait.
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

/** Returns the principal itself. */
export class IdentityPrincipalMapper extends PrincipalMapper<Principal> {
  override map(principal: Principal): Principal {
    return principal;
  }
}
