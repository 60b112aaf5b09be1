import 'reflect-metadata';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';

const READS_TOKENS = Symbol('JwtAuthGuard');

/** Marks the guard, and whatever extends it: what the guard itself asks of a route cannot import its class. */
export const ReadsTokens = (): ClassDecorator => (guard) => {
  for (const one of [guard, guard.prototype as object]) Reflect.defineMetadata(READS_TOKENS, true, one);
};

/** Whether `@UseGuards` puts the guard, or a subclass of it, before the method or class. */
export function hasGuard(target: object): boolean {
  const guards = (Reflect.getMetadata(GUARDS_METADATA, target) as object[] | undefined) ?? [];
  return guards.some((guard) => Reflect.hasMetadata(READS_TOKENS, guard));
}
