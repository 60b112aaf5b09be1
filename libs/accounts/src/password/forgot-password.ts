import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';
import { AccountMails, recipientOf } from '../account-mails.js';
import { CheckedAccountsSettings } from '../checked-accounts-settings.js';
import { AccountLinks } from '../links/account-links.js';

/** Sends the link for a new password. */
@Injectable()
export class ForgotPassword {
  constructor(
    private readonly users: UsersService,
    private readonly links: AccountLinks,
    private readonly mails: AccountMails,
    private readonly settings: CheckedAccountsSettings,
    private readonly database: Database,
  ) {}

  /**
   * Sends the link if the address belongs to a user. It does the same work for every address.
   *
   * @param email normalised
   */
  async requestFor(email: string, acceptLanguage?: string): Promise<void> {
    await this.database.transaction(async () => {
      const user = await this.users.findByEmail(email);
      if (user) return this.request(user, acceptLanguage);
      const link = await this.links.issue('resetPassword', { userId: null, email });
      await this.mails.addDecoy('reset-password', link, { email, acceptLanguage });
    });
  }

  /**
   * Adds the mail with the link to the stored address of the user, in the current transaction. The link replaces an
   * older one.
   *
   * @param kind `account-exists` if the person has tried to register; `set-password` if an administrator has created
   *   the user without a password: the link is then valid as long as an invitation
   */
  async request(
    user: UserBase,
    acceptLanguage?: string,
    kind: 'reset-password' | 'account-exists' | 'set-password' = 'reset-password',
  ): Promise<void> {
    const { acceptInvitation, resetPassword } = this.settings.linkSeconds;
    const seconds = kind === 'set-password' ? acceptInvitation : resetPassword;
    const link = await this.links.issue('resetPassword', { userId: user.id, email: user.email }, seconds);
    await this.mails.add(kind, link, recipientOf(user, acceptLanguage));
  }
}
