import { routeAccess } from '../access/route-access.js';
import { requestOf } from './message-request.js';
import type { ExecutionContext } from '@nestjs/common';
import type { GuardedRequest } from './guarded-request.js';
import type { Principal } from './principal.js';

/**
 * The principal that the guard has set for this request or message, on any transport; `undefined` on a public handler,
 * without a token, and without a guard.
 */
export function principalOf(context: ExecutionContext): Principal | undefined {
  if (routeAccess(context.getHandler(), context.getClass()).isPublic) return undefined;
  if (context.getType() !== 'http') return requestOf(context).principal;
  return context.switchToHttp().getRequest<Partial<GuardedRequest>>().principal;
}
