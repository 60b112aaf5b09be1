import { Injectable, Optional } from '@nestjs/common';
import { CheckedLimitsSettings, Limits } from 'postern/limits';
import { UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';
import { PasswordsService } from '../passwords.service.js';
import type { PasswordProof } from '../passwords.service.js';

/** A user whose current password is verified. */
export interface ConfirmedUser {
  readonly user: UserBase;
  readonly proof: PasswordProof;
}

/**
 * Verifies the current password of a signed-in user, with a limit on wrong ones: a thief of a session must not guess
 * the password with it. The limit is not that of logins, so failed logins from elsewhere do not stop the user.
 */
@Injectable()
export class CurrentPassword {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    @Optional() private readonly limits?: Limits,
    @Optional() private readonly settings?: CheckedLimitsSettings,
  ) {}

  /**
   * Returns the user and its verified hash; `undefined` if the password is wrong or there is no such user.
   * @param userId UUID
   * @param ipAddress the address of the client, for the hashing queue
   * @throws TooManyRequestsError; HashingOverloadedError
   */
  async prove(userId: string, password: string, ipAddress?: string): Promise<ConfirmedUser | undefined> {
    const permit = await this.limits?.take(this.settings?.claims({ confirmation: userId }) ?? []);
    let isWrong = false;
    try {
      const user = await this.users.findById(userId);
      const proof = await this.passwords.prove(user?.id, password, ipAddress);
      isWrong = !user || !proof;
      return user && proof ? { user, proof } : undefined;
    } finally {
      if (permit !== undefined && !isWrong) this.limits?.giveBack(permit);
    }
  }
}
