import 'reflect-metadata';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';

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
