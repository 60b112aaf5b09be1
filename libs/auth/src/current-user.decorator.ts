import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from './jwt-auth.guard.js';
import type { Principal } from './principal.js';

/** Where the guard has left its result, by kind of context: the arguments of a GraphQL resolver carry the request in their context. */
function requestOf(context: ExecutionContext): Partial<GuardedRequest> {
  if (context.getType() === 'http') return context.switchToHttp().getRequest<GuardedRequest>();
  const [first, , third] = context.getArgs<[object?, unknown?, { req?: object }?]>();
  return (context.getType<string>() === 'graphql' ? third?.req : first) ?? {};
}

const user = createParamDecorator((property: string | undefined, context: ExecutionContext) => {
  const { user: current } = requestOf(context);
  return property === undefined ? current : (current as Record<string, unknown> | undefined)?.[property];
});

const principal = createParamDecorator((_: unknown, context: ExecutionContext) => requestOf(context).principal);

/**
 * Hands a handler the signed-in user, as the `PrincipalMapper` made it, or one property of it. Undefined on a public route.
 *
 * @example
 * me(@CurrentUser() user: Employee) {}
 * mine(@CurrentUser<Employee>('costCentre') costCentre: string) {}
 */
export const CurrentUser = <U = Principal>(property?: keyof NoInfer<U> & string): ParameterDecorator =>
  property === undefined ? user() : user(property);

/**
 * Hands a handler the proven principal of the access token. Undefined on a public route.
 *
 * @example
 * orders(@CurrentPrincipal() principal: Principal) {}
 */
export const CurrentPrincipal = (): ParameterDecorator => principal();
