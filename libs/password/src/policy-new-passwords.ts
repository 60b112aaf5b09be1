import { Injectable } from '@nestjs/common';
import { NewPasswords } from 'postern/users';
import { PasswordsService } from './passwords.service.js';
import type { PasswordContext } from './policies/password-policy.js';

/** Stores the first password of a user whom an administrator creates, if it complies with every policy. */
@Injectable()
export class PolicyNewPasswords extends NewPasswords {
  constructor(private readonly passwords: PasswordsService) {
    super();
  }

  /** @throws PasswordRejectedError, HashingOverloadedError */
  override async prepare(
    password: string,
    user: PasswordContext,
    ipAddress?: string,
  ): Promise<(userId: string) => Promise<void>> {
    const prepared = await this.passwords.prepare(password, user, '/password', ipAddress);
    return async (userId) => void (await this.passwords.set(userId, prepared));
  }
}
