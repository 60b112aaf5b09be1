import { createParamDecorator } from '@nestjs/common';
import { loggedBeyondHttp, PrincipalUnknownError } from '../auth.errors.js';
import { requestOf } from './message-request.js';
import { routeAccess } from '../access/route-access.js';
import type { ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from './guarded-request.js';
import type { Principal } from './principal.js';

/**
 * Returns the object on which the guard has set its result.
 *
 * @throws PrincipalUnknownError if the handler requires a token and no guard has set a result
 */
function resultOf(context: ExecutionContext, hasResult: (request: Partial<GuardedRequest>) => boolean) {
  const isHttp = context.getType() === 'http';
  const request = isHttp ? context.switchToHttp().getRequest<Partial<GuardedRequest>>() : requestOf(context);
  if (isHttp && hasResult(request)) return request;
  // Outside of HTTP, the result may belong to another message of the same client, or to another operation of the same
  // request.
  const { isPublic, isOptional } = routeAccess(context.getHandler(), context.getClass());
  if (isPublic) return isHttp ? request : {};
  if (hasResult(request)) return request;
  // The guard has removed the result of another message.
  if (isOptional) return isHttp ? request : {};
  throw loggedBeyondHttp(new PrincipalUnknownError(context), context);
}

const user = createParamDecorator((property: string | undefined, context: ExecutionContext) => {
  // A service has a principal and no user.
  const { user: current } = resultOf(
    context,
    (request) => request.user !== undefined || request.principal !== undefined,
  );
  return property === undefined ? current : (current as Record<string, unknown> | undefined)?.[property];
});

const principal = createParamDecorator(
  (_: unknown, context: ExecutionContext) => resultOf(context, (request) => request.principal !== undefined).principal,
);

/**
 * Injects the current user, which the `PrincipalMapper` returned, or one property of it. It is undefined on a public
 * route, on a route with `@OptionalAuth()` without a token, and for a service on a route with `@ForServices()`.
 * Without a mapper, the user is the principal.
 *
 * @throws PrincipalUnknownError if no guard has read the request or message, unless the handler is `@Public()`
 * @example
 * ```ts
 * me(@CurrentUser() user: Employee) {} mine(@CurrentUser<Employee>('costCentre') costCentre: string) {} // with
 * AuthModule.forRoot({ mapper: EmployeeMapper })
 * ```
 */
export const CurrentUser = <U = Principal>(property?: keyof NoInfer<U> & string): ParameterDecorator =>
  property === undefined ? user() : user(property);

/**
 * Injects the principal of the verified access token. It is undefined on a public route, and without a token on a route
 * with `@OptionalAuth()`.
 *
 * @throws PrincipalUnknownError if no guard has read the request or message, unless the handler is `@Public()`
 * @example
 * ```ts
 * orders(@CurrentPrincipal() principal: Principal) {}
 * ```
 */
export const CurrentPrincipal = (): ParameterDecorator => principal();
