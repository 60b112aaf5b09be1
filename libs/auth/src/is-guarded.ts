import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
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

/** Whether `@UseGuards` puts the guard, or a subclass of it, before the method or class. */
export function hasGuard(target: object): boolean {
  const guards = (Reflect.getMetadata(GUARDS_METADATA, target) as unknown[] | undefined) ?? [];
  return guards.some(
    (guard) =>
      guard instanceof JwtAuthGuard ||
      (typeof guard === 'function' && (guard === JwtAuthGuard || guard.prototype instanceof JwtAuthGuard)),
  );
}
