import { Injectable } from '@nestjs/common';
import { ContextIdFactory, ModuleRef } from '@nestjs/core';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import type { CanActivate, ExecutionContext } from '@nestjs/common';

/** The guard of the application, also if `global: false` and a subclass make it request-scoped. */
@Injectable()
export class ApplicationGuard implements CanActivate {
  private guard: JwtAuthGuard | undefined;

  constructor(private readonly module: ModuleRef) {}

  /** @throws the errors of `JwtAuthGuard` */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (this.guard !== undefined) return this.guard.canActivate(context);
    try {
      this.guard = this.module.get(JwtAuthGuard);
    } catch {
      return this.module.resolve(JwtAuthGuard, ContextIdFactory.create()).then((guard) => guard.canActivate(context));
    }
    return this.guard!.canActivate(context);
  }
}
