import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';
import { AccountMails, recipientOf } from '../account-mails.js';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';
import { AccountLinks } from '../links/account-links.js';

/** Changes the address of a user after the owner of the new address has confirmed it. */
@Injectable()
export class ChangeEmail {
  constructor(
    private readonly users: UsersService,
    private readonly links: AccountLinks,
    private readonly mails: AccountMails,
    private readonly database: Database,
  ) {}

  /**
   * Sends a mail to the new address: the link that confirms it, or a notice if the address belongs to another user. The
   * work is the same for both. A newer request replaces an older one.
   *
   * @param user the user, whose identity the caller has confirmed
   * @param email the new address, normalised
   */
  async request(user: UserBase, email: string, acceptLanguage?: string): Promise<void> {
    await this.database.transaction(async () => {
      const owner = await this.users.findByEmail(email);
      const link = await this.links.issue('confirmEmailChange', { userId: user.id, email });
      if (owner && owner.id !== user.id) return this.mails.add('address-in-use', {}, recipientOf(owner));
      await this.mails.add('confirm-email-change', link, { ...recipientOf(user, acceptLanguage), email });
    });
  }

  /**
   * Stores the address to which the token was sent, as verified, and notifies the former address. If that address was
   * verified, its mail has a link that undoes the change. An unverified address may belong to a stranger, who must not
   * get such a link.
   *
   * @throws OneTimeTokenInvalidError; EmailTakenError if another user has got the address since the request
   */
  async confirm(token: string, acceptLanguage?: string): Promise<void> {
    await this.database.transaction(async () => {
      const { userId, email, spentAt } = await this.links.spend('confirmEmailChange', token);
      const user = userId === null ? null : await this.users.findById(userId);
      if (!user) throw new OneTimeTokenInvalidError();
      await this.users.update(user.id, { email, emailVerifiedAt: spentAt });
      if (email === user.email) return;
      const former = { userId: user.id, email: user.email, holder: `${user.id} ${user.email}` };
      const undo = user.emailVerifiedAt ? await this.links.issue('undoEmailChange', former) : undefined;
      await this.mails.add('email-changed', { occurredAt: spentAt, undo }, recipientOf(user, acceptLanguage));
    });
  }
}
