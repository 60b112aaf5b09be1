import { Injectable } from '@nestjs/common';
import { PasswordRecovery } from 'postern/password';
import { Database } from 'postern/persistence';
import { UsersService } from 'postern/users';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';
import { AccountLinks } from '../links/account-links.js';
import { ForgotPassword } from '../password/forgot-password.js';

/** Undoes a change of the address that the owner of the former address did not want. */
@Injectable()
export class UndoEmailChange {
  constructor(
    private readonly users: UsersService,
    private readonly links: AccountLinks,
    private readonly passwords: PasswordRecovery,
    private readonly forgotten: ForgotPassword,
    private readonly database: Database,
  ) {}

  /**
   * Restores the former address, deletes the password, ends all sessions, and sends a link for a new password to the
   * restored address. The links that undo later changes are revoked, and those of earlier changes stay valid: the first
   * owner wins.
   *
   * @throws OneTimeTokenInvalidError; EmailTakenError if another user has got the address since the change
   */
  async undo(token: string, acceptLanguage?: string): Promise<void> {
    await this.database.transaction(async () => {
      const { userId, email, issuedAt, spentAt } = await this.links.spend('undoEmailChange', token);
      if (userId === null) throw new OneTimeTokenInvalidError();
      const user = await this.users.update(userId, { email, emailVerifiedAt: spentAt });
      await this.passwords.remove(userId, 'email-change-undone');
      await this.links.revokeAll(userId);
      await this.links.revokeUndoSince(userId, issuedAt);
      await this.forgotten.request(user, acceptLanguage);
    });
  }
}
