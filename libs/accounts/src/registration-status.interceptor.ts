import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { CheckedAccountsSettings } from './checked-accounts-settings.js';

/** Sets the status of a registration to 202 if `requireVerifiedEmail` is set. */
@Injectable()
export class RegistrationStatusInterceptor implements NestInterceptor {
  constructor(private readonly settings: CheckedAccountsSettings) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    if (this.settings.requireVerifiedEmail) {
      context.switchToHttp().getResponse<{ status(code: number): unknown }>().status(202);
    }
    return next.handle();
  }
}
