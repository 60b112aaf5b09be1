import 'reflect-metadata';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';

/** The token of the flag `global`: whether the guard of `AuthModule` applies to every route. */
export const GUARD_IS_GLOBAL = Symbol('AuthModule guard is global');

/** The metadata of `@MessagePattern` and `@EventPattern`. It is copied because the package is optional. */
export const MESSAGE_PATTERN = 'microservices:pattern';

const READS_TOKENS = Symbol('JwtAuthGuard');

/** Marks the guard and its subclasses. A mark avoids an import cycle with the class of the guard. */
export const ReadsTokens = (): ClassDecorator => (guard) => {
  for (const target of [guard, guard.prototype as object]) Reflect.defineMetadata(READS_TOKENS, true, target);
};

/** Whether `@UseGuards` applies the guard, or a subclass of it, to the method or class. */
export function hasGuard(target: object): boolean {
  const guards = (Reflect.getMetadata(GUARDS_METADATA, target) as object[] | undefined) ?? [];
  return guards.some((guard) => Reflect.hasMetadata(READS_TOKENS, guard));
}
