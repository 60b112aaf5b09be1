import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';
import { AccountMails, recipientOf } from '../account-mails.js';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';
import { AccountLinks } from '../links/account-links.js';

/** Verifies that users receive the mail of their address. */
@Injectable()
export class VerifyEmail {
  constructor(
    private readonly users: UsersService,
    private readonly links: AccountLinks,
    private readonly mails: AccountMails,
    private readonly database: Database,
  ) {}

  /** Adds the mail with the link, in the current transaction. The link replaces an older one. */
  async request(user: UserBase, acceptLanguage?: string): Promise<void> {
    const link = await this.links.issue('verifyEmail', { userId: user.id, email: user.email });
    await this.mails.add('verify-email', link, recipientOf(user, acceptLanguage));
  }

  /**
   * Sends the link again if the address belongs to a user and is not verified. It does the same work for every address.
   *
   * @param email normalised
   */
  async resend(email: string, acceptLanguage?: string): Promise<void> {
    await this.database.transaction(async () => {
      const user = await this.users.findByEmail(email);
      if (user && !user.emailVerifiedAt) return this.request(user, acceptLanguage);
      const link = await this.links.issue('verifyEmail', { userId: null, email });
      await this.mails.addDecoy('verify-email', link, { email, acceptLanguage });
    });
  }

  /**
   * Marks the address as verified to which the token was sent.
   *
   * @throws OneTimeTokenInvalidError also if the user has another address now
   */
  async verify(token: string): Promise<void> {
    await this.database.transaction(async () => {
      const { userId, email, spentAt } = await this.links.spend('verifyEmail', token);
      const user = userId === null ? null : await this.users.findById(userId);
      if (user?.email !== email) throw new OneTimeTokenInvalidError();
      await this.users.update(user.id, { emailVerifiedAt: user.emailVerifiedAt ?? spentAt });
    });
  }
}
