import { Injectable } from '@nestjs/common';
import { TooManyRequestsError } from 'postern/limits';
import { ApiProblems } from 'postern/problem';
import { IdentityConfirmation, IdentityNotConfirmedError } from 'postern/users';
import type { IdentityProof } from 'postern/users';
import { HashingOverloadedError } from './password.errors.js';
import { CurrentPassword } from './guessing/current-password.js';

/**
 * Verifies the password before the user deletes the account.
 * @example
 * ```ts
 * UsersModule.forRoot({ confirmation: PasswordConfirmation })
 * ```
 */
@Injectable()
@ApiProblems(IdentityNotConfirmedError, TooManyRequestsError, HashingOverloadedError)
export class PasswordConfirmation extends IdentityConfirmation {
  constructor(private readonly currentPassword: CurrentPassword) {
    super();
  }

  /**
   * @throws IdentityNotConfirmedError if the password is missing or wrong; TooManyRequestsError; HashingOverloadedError
   */
  async confirm(userId: string, { password, ipAddress }: IdentityProof): Promise<void> {
    if (password === undefined || !(await this.currentPassword.prove(userId, password, ipAddress))) {
      throw new IdentityNotConfirmedError();
    }
  }
}
