import { createParamDecorator } from '@nestjs/common';
import { requestOfMessage } from './guarded-message.js';
import { isPublic } from './route-access.js';
import type { ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from './jwt-auth.guard.js';
import type { Principal } from './principal.js';

/**
 * Where the guard has left its result.
 *
 * @throws Error outside of HTTP where it has left none before a handler that is not public: nobody is there by mistake
 */
function resultOf(context: ExecutionContext): Partial<GuardedRequest> {
  if (context.getType() === 'http') return context.switchToHttp().getRequest<GuardedRequest>();
  // What is there may be of another message of the same client, or of another operation of the same request.
  if (isPublic(context.getHandler(), context.getClass())) return {};
  const request = requestOfMessage(context);
  if (request.principal !== undefined || request.user !== undefined) return request;
  throw new Error(
    `@CurrentUser() and @CurrentPrincipal() find nobody for ${context.getClass().name}.${context.getHandler().name}: no ` +
      `JwtAuthGuard has read this "${context.getType()}" message. Put a subclass that overrides getRequest(context) before it, ` +
      'which for a message that is no object must return the client itself; or @Public(), if nobody need be there.',
  );
}

const user = createParamDecorator((property: string | undefined, context: ExecutionContext) => {
  const { user: current } = resultOf(context);
  return property === undefined ? current : (current as Record<string, unknown> | undefined)?.[property];
});

const principal = createParamDecorator((_: unknown, context: ExecutionContext) => resultOf(context).principal);

/**
 * Hands a handler the signed-in user, as the `PrincipalMapper` made it, or one property of it. Undefined on a public route. Without a
 * mapper the user is the principal.
 *
 * @throws Error for a message outside of HTTP that no guard has read, unless it is `@Public()`
 * @example
 * me(@CurrentUser() user: Employee) {}
 * mine(@CurrentUser<Employee>('costCentre') costCentre: string) {} // of AuthModule.forRoot({ mapper: EmployeeMapper })
 */
export const CurrentUser = <U = Principal>(property?: keyof NoInfer<U> & string): ParameterDecorator =>
  property === undefined ? user() : user(property);

/**
 * Hands a handler the proven principal of the access token. Undefined on a public route.
 *
 * @throws Error for a message outside of HTTP that no guard has read, unless it is `@Public()`
 * @example
 * orders(@CurrentPrincipal() principal: Principal) {}
 */
export const CurrentPrincipal = (): ParameterDecorator => principal();
