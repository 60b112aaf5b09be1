import { Injectable } from '@nestjs/common';
import { AccountLoginPolicy } from 'postern/sessions';
import type { LoginAttempt } from 'postern/sessions';
import type { UserBase } from 'postern/users';
import { EmailUnverifiedError } from '../accounts.errors.js';
import { CheckedAccountsSettings } from '../checked-accounts-settings.js';

/**
 * Rejects the login of a user with an unverified address if `requireVerifiedEmail` is set. It runs after the password
 * was verified. A session that exists stays.
 */
@Injectable()
export class EmailVerifiedPolicy extends AccountLoginPolicy {
  constructor(private readonly settings: CheckedAccountsSettings) {
    super();
  }

  /** @throws EmailUnverifiedError */
  check({ emailVerifiedAt }: UserBase, { kind }: LoginAttempt): void {
    if (this.settings.requireVerifiedEmail && kind === 'login' && !emailVerifiedAt) throw new EmailUnverifiedError();
  }
}
