import { Injectable, NotFoundException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { CheckedMailSettings } from 'postern/mail';

/** Responds in production as if the route did not exist, before a pipe validates the request. */
@Injectable()
export class DevelopmentOnlyGuard implements CanActivate {
  constructor(private readonly settings: CheckedMailSettings) {}

  /** @throws NotFoundException in production */
  canActivate(context: ExecutionContext): boolean {
    if (!this.settings.production) return true;
    const { method, url } = context.switchToHttp().getRequest<{ method: string; url: string }>();
    throw new NotFoundException(`Cannot ${method} ${url}`);
  }
}
