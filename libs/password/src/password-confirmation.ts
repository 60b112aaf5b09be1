import { Inject, Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { TooManyRequestsError } from 'postern/limits';
import { ApiProblems } from 'postern/problem';
import { IdentityConfirmation, IdentityNotConfirmedError } from 'postern/users';
import type { IdentityProof } from 'postern/users';
import { HashingOverloadedError, RecentLoginRequiredError } from './password.errors.js';
import { CurrentPassword } from './guessing/current-password.js';
import { PasswordsService } from './passwords.service.js';

/** The maximum age of the login of a user without a password. */
const MAX_LOGIN_AGE_MILLISECONDS = 300_000;

/**
 * Verifies the password before the user deletes the account. A user without a password needs a login of the last five
 * minutes instead.
 * @example
 * ```ts
 * UsersModule.forRoot({ confirmation: PasswordConfirmation })
 * ```
 */
@Injectable()
@ApiProblems(IdentityNotConfirmedError, RecentLoginRequiredError, TooManyRequestsError, HashingOverloadedError)
export class PasswordConfirmation extends IdentityConfirmation {
  // Properties, so that a subclass passes the passwords only.
  @Inject(CurrentPassword) private readonly currentPassword!: CurrentPassword;
  @Inject(Clock) private readonly clock!: Clock;

  constructor(private readonly passwords: PasswordsService) {
    super();
  }

  /**
   * @throws IdentityNotConfirmedError if the password is missing or wrong; TooManyRequestsError; HashingOverloadedError
   * @throws RecentLoginRequiredError if the user has no password, and the login is too old
   */
  async confirm(userId: string, { password, ipAddress, authenticatedAt }: IdentityProof): Promise<void> {
    if (password !== undefined) {
      if (await this.currentPassword.prove(userId, password, ipAddress)) return;
      throw new IdentityNotConfirmedError();
    }
    if (await this.passwords.exists(userId)) throw new IdentityNotConfirmedError();
    const isRecent =
      authenticatedAt !== undefined && this.clock.now() - authenticatedAt.getTime() <= MAX_LOGIN_AGE_MILLISECONDS;
    if (!isRecent) throw new RecentLoginRequiredError();
  }
}
