import { FOR_SERVICES, OWN_ISSUER, PUBLIC, recordRule, SCOPES } from './access-rules.js';
import { isScopeToken } from 'postern/jws';

/**
 * Opens a route, or every route of a controller, to everybody. A method that requires scopes or own tokens, or has the
 * guard by `@UseGuards`, stays shut in a public controller.
 *
 * A subclass of a public controller is not public, and neither is a method that overrides a public one: each says
 * `@Public()` itself. A method that a subclass inherits unchanged keeps its own `@Public()`.
 *
 * @example
 * ```ts
 * \@Public()
 * \@Get('prices')
 * prices() {}
 * ```
 */
export const Public = (): MethodDecorator & ClassDecorator => recordRule(PUBLIC);

/**
 * Requires every one of the scopes. Scopes add up: those of the method, of the methods that it overrides, of its
 * controller, and of the classes that the controller extends. Several decorators on one method add up, too. A token
 * that lacks one gets 403 `insufficient-scope`.
 *
 * @throws Error at load if a scope is not a scope token
 * @see RFC 6749 §3.3
 * @example
 * ```ts
 * \@RequireScopes('orders:read')
 * \@Get('orders')
 * orders() {}
 * ```
 */
export const RequireScopes = (...scopes: string[]): MethodDecorator & ClassDecorator => {
  const malformed = scopes.find((scope) => !isScopeToken(scope));
  if (scopes.length === 0 || malformed !== undefined) {
    throw new Error(`@RequireScopes needs scope tokens such as "orders:read"; "${malformed ?? ''}" is none.`);
  }
  return recordRule(SCOPES, scopes);
};

/**
 * Rejects the tokens of further `issuers` with 401: for routes that use the subject as a user of this application, or a
 * scope as one that this application gives. Another issuer may write any subject and any scope. Subclasses and
 * overrides inherit the rule. The routes that Postern brings all have it.
 *
 * @example
 * ```ts
 * \@OwnIssuerOnly()
 * \@Controller('account')
 * ```
 */
export const OwnIssuerOnly = (): MethodDecorator & ClassDecorator => recordRule(OWN_ISSUER);

/**
 * Admits services, whose tokens have no session, without a call of the `PrincipalMapper`, which knows users:
 * `@CurrentUser()` is undefined for them. Token and scopes are required as everywhere.
 *
 * On a controller it holds for each route of the controller. In a subclass it still holds for the methods that the
 * subclass inherits unchanged, and not for those that the subclass adds or overrides: they may rely on a user.
 *
 * @example
 * ```ts
 * \@ForServices()
 * \@RequireScopes('orders:export')
 * \@Controller('export')
 * ```
 */
export const ForServices = (): MethodDecorator & ClassDecorator => recordRule(FOR_SERVICES);
