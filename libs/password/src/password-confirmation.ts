import { Injectable } from '@nestjs/common';
import { ApiProblems } from 'postern/problem';
import { IdentityConfirmation, IdentityNotConfirmedError } from 'postern/users';
import type { IdentityProof } from 'postern/users';
import { HashingOverloadedError } from './password.errors.js';
import { PasswordsService } from './passwords.service.js';

/**
 * Verifies the password before the user deletes the account.
 * @example
 * ```ts
 * UsersModule.forRoot({ confirmation: PasswordConfirmation })
 * ```
 */
@Injectable()
@ApiProblems(IdentityNotConfirmedError, HashingOverloadedError)
export class PasswordConfirmation extends IdentityConfirmation {
  constructor(private readonly passwords: PasswordsService) {
    super();
  }

  /** @throws IdentityNotConfirmedError if the password is missing or wrong; HashingOverloadedError */
  async confirm(userId: string, { password, ipAddress }: IdentityProof): Promise<void> {
    if (password === undefined || !(await this.passwords.verify(userId, password, ipAddress))) {
      throw new IdentityNotConfirmedError();
    }
  }
}
