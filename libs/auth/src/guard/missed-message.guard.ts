import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { GUARD_IS_GLOBAL, hasGuard } from '../access/guard-metadata.js';
import { ApplicationGuard } from './application-guard.js';
import { wasGuarded } from './message-request.js';

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** Applies the guard to a message that the global guard has not reached, unless the handler has a guard of its own. */
@Injectable()
export class MissedMessageGuard implements CanActivate {
  private readonly guardedItself = new WeakMap<Handler, boolean>();

  constructor(
    @Inject(GUARD_IS_GLOBAL) private readonly isGlobal: boolean,
    private readonly guard: ApplicationGuard,
  ) {}

  /** @throws the errors of `JwtAuthGuard` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    // Nest applies the global guard to every route. A controller may have routes beside its messages.
    if (!this.isGlobal || context.getType() !== 'rpc' || wasGuarded(context) || this.isGuardedItself(context))
      return true;
    return this.guard.canActivate(context);
  }

  private isGuardedItself(context: ExecutionContext): boolean {
    const handler = context.getHandler();
    const known = this.guardedItself.get(handler);
    if (known !== undefined) return known;
    const isGuarded = hasGuard(handler) || hasGuard(context.getClass());
    this.guardedItself.set(handler, isGuarded);
    return isGuarded;
  }
}
