import { Injectable } from '@nestjs/common';
import { PasswordRecovery, PasswordsService } from 'postern/password';
import { Database } from 'postern/persistence';
import { UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';
import { AccountLinks } from '../links/account-links.js';
import type { OneTimeToken } from '../one-time-tokens/one-time-tokens.js';

/** The client of a password reset. */
export interface ResetContext {
  /** The IP address of the client, for the hashing queue. */
  readonly ipAddress?: string | undefined;
  /** `Accept-Language` of the request, for the language of the notice. */
  readonly acceptLanguage?: string | undefined;
}

/** Sets the new password of a user who forgot the old one. */
@Injectable()
export class ResetPassword {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly recovery: PasswordRecovery,
    private readonly links: AccountLinks,
    private readonly database: Database,
  ) {}

  /**
   * Stores the password, ends all sessions, and notifies the user by mail. The token shows that the user receives the
   * mail of the address, so the address is verified. All other links of the user are revoked. It starts no session, so
   * that a login still needs each further factor.
   *
   * A rejected password does not spend the token.
   *
   * @returns the normalised address of the user
   * @throws OneTimeTokenInvalidError, PasswordRejectedError, HashingOverloadedError
   */
  async reset(token: string, password: string, { ipAddress, acceptLanguage }: ResetContext = {}): Promise<string> {
    const { email } = await this.ownerOf(await this.links.find('resetPassword', token));
    // Before the transaction: no connection waits for the hash.
    const prepared = await this.passwords.prepare(password, { email }, '/password', ipAddress);
    await this.database.transaction(async () => {
      const spent = await this.links.spend('resetPassword', token);
      const user = await this.ownerOf(spent);
      await this.users.update(user.id, { emailVerifiedAt: user.emailVerifiedAt ?? spent.spentAt });
      await this.recovery.replace(user.id, prepared, acceptLanguage);
      await this.links.revokeAll(user.id);
    });
    return email;
  }

  /** The token belongs to the address, and the user may have another one by now. */
  private async ownerOf({ userId, email }: OneTimeToken): Promise<UserBase> {
    const user = userId === null ? null : await this.users.findById(userId);
    if (user?.email !== email) throw new OneTimeTokenInvalidError();
    return user;
  }
}
