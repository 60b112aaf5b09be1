import { hasGuard } from './has-guard.js';
import { isPublic } from './route-access.js';

/**
 * Whether a token is needed for the route, by what the guard itself reads: an API document made from it cannot drift.
 *
 * @param isGlobal whether the guard stands before every route (`AuthModule.forRoot({ global })`); otherwise only where
 *   `@UseGuards(JwtAuthGuard)` puts it
 */
export function isGuarded(
  handler: Parameters<typeof isPublic>[0],
  controller: Parameters<typeof isPublic>[1],
  isGlobal = true,
): boolean {
  if (isPublic(handler, controller)) return false;
  return isGlobal || [handler, controller].some(hasGuard);
}
