import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { UsersService } from 'postern/users';
import { AccountMails, recipientOf } from '../account-mails.js';
import { AccountLinks } from '../links/account-links.js';

/** Sends the link by which a user logs in. */
@Injectable()
export class SendMagicLink {
  constructor(
    private readonly users: UsersService,
    private readonly links: AccountLinks,
    private readonly mails: AccountMails,
    private readonly database: Database,
  ) {}

  /**
   * Sends the link if the address belongs to an enabled user. It does the same work for every address.
   *
   * @param email normalised
   * @param browserHash the hash of the code of the browser
   */
  async send(email: string, browserHash: string, acceptLanguage?: string): Promise<void> {
    await this.database.transaction(async () => {
      const user = await this.users.findByEmail(email);
      const payload = { browserHash };
      if (user && !user.disabledAt) {
        const link = await this.links.issue('magicLink', { userId: user.id, email: user.email, payload });
        return this.mails.add('magic-link', link, recipientOf(user, acceptLanguage));
      }
      const link = await this.links.issue('magicLink', { userId: null, email, payload });
      await this.mails.addDecoy('magic-link', link, { email, acceptLanguage });
    });
  }
}
