import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { PasswordsService } from 'postern/password';
import { SessionsService } from 'postern/sessions';
import type { SessionContext, TokenPair } from 'postern/sessions';
import { UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';
import { MagicLinkOtherBrowserError, OneTimeTokenInvalidError } from '../accounts.errors.js';
import { AccountLinks } from '../links/account-links.js';
import { BrowserBinding } from './browser-binding.js';

/** Starts a session for the token of a magic link. */
@Injectable()
export class MagicLinkLogin {
  constructor(
    private readonly links: AccountLinks,
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly database: Database,
  ) {}

  /**
   * Returns the tokens of a new session. A wrong browser and a rejection by a login policy do not spend the token.
   *
   * If the address was not verified before, the token verifies it, and the password and all sessions of the account
   * end: another person may have registered the address.
   *
   * @param browserCodes the codes that the client presents
   * @throws OneTimeTokenInvalidError also if the user is disabled or has another address now
   * @throws MagicLinkOtherBrowserError; the error of a login policy
   */
  async login(
    token: string,
    browsers: BrowserBinding,
    browserCodes: readonly string[],
    context: SessionContext,
  ): Promise<TokenPair> {
    const { payload } = await this.links.find('magicLink', token);
    const { browserHash } = payload as { browserHash: string };
    if (!browsers.matches(browserCodes, browserHash)) throw new MagicLinkOtherBrowserError();
    return this.database.transaction(async () => {
      const { userId, email, spentAt } = await this.links.spend('magicLink', token);
      const user = userId === null ? null : await this.users.findById(userId);
      if (user?.email !== email || user.disabledAt) throw new OneTimeTokenInvalidError();
      return this.sessions.start(await this.verified(user, spentAt), context);
    });
  }

  private async verified(user: UserBase, emailVerifiedAt: Date): Promise<UserBase> {
    if (user.emailVerifiedAt) return user;
    await this.passwords.remove(user.id);
    await this.sessions.revokeAll(user.id, { reason: 'address-verified' });
    return this.users.update(user.id, { emailVerifiedAt });
  }
}
