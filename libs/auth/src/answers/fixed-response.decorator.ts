import { FIXED_RESPONSE, hasOwnRule, lineageOf, ownMethod, recordRule } from '../access/access-rules.js';
import { methodsOf, methodsOfRoute } from '../access/handler-methods.js';
import type { ExecutionContext } from '@nestjs/common';

/**
 * Sends the responses of a controller as its methods return them, whatever global interceptor the application has. A
 * global interceptor runs, and can reject the request before the method runs, but it sees no response body, changes no
 * body, status and `Cache-Control`, and answers no request from a cache.
 *
 * It applies to the methods that the class itself declares, also if a subclass overrides them, and not to the methods
 * that a subclass adds. Interceptors by `@UseInterceptors` are not affected. All routes of Postern have it. Use it for
 * routes that machines call.
 *
 * @example
 * ```ts
 * \@FixedResponse()
 * \@Controller('partners')
 * ```
 */
export const FixedResponse = (): ClassDecorator => recordRule(FIXED_RESPONSE);

const known = new WeakMap<object, WeakMap<object, boolean>>();

/** Returns whether the route has `@FixedResponse()`. */
export function hasFixedResponse(context: ExecutionContext): boolean {
  const [controller, handler] = [context.getClass(), context.getHandler()];
  let routes = known.get(controller);
  if (routes === undefined) known.set(controller, (routes = new WeakMap()));
  let isFixed = routes.get(handler);
  if (isFixed === undefined) routes.set(handler, (isFixed = isDeclaredFixed(handler, controller.prototype as object)));
  return isFixed;
}

function isDeclaredFixed(handler: object, prototype: object): boolean {
  const fixed = lineageOf(prototype).filter((type) => hasOwnRule(FIXED_RESPONSE, type));
  if (fixed.length === 0) return false;
  const own = methodsOf(handler, prototype);
  const names = (own.length > 0 ? own : methodsOfRoute(handler, lineageOf(prototype))).map(({ name }) => name);
  return fixed.some((type) => names.some((name) => ownMethod(type, name) !== undefined));
}
