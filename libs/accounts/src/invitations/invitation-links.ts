import { Injectable } from '@nestjs/common';
import { AccountMails } from '../account-mails.js';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';
import { AccountLinks } from '../links/account-links.js';
import { InvitationTable } from './invitation-table.js';
import type { Invitation } from './invitation-table.js';

/** The links of invitations, and the rows that they belong to. A link without its row is not valid. */
@Injectable()
export class InvitationLinks {
  constructor(
    private readonly links: AccountLinks,
    private readonly mails: AccountMails,
    private readonly table: InvitationTable,
  ) {}

  /** Stores the invitation and its mail in the current transaction. Both replace those of an older invitation. */
  async send(
    invitation: Pick<Invitation, 'id' | 'email' | 'roles' | 'invitedBy'>,
    acceptLanguage: string | undefined,
  ): Promise<Invitation> {
    const { id, email } = invitation;
    // The token before the invitation, in the order of an acceptance. Another order could deadlock.
    const link = await this.links.issue('acceptInvitation', { userId: null, email, payload: { id } });
    await this.mails.add('invitation', link, { email, acceptLanguage });
    const stored = { ...invitation, createdAt: this.table.now(), expiresAt: link.expiresAt };
    await this.table.save(stored);
    return stored;
  }

  /** Returns the invitation of a token without spending it. @throws OneTimeTokenInvalidError */
  async find(token: string): Promise<Invitation> {
    const { payload } = await this.links.find('acceptInvitation', token);
    const invitation = await this.table.find((payload as { id: string }).id);
    if (!invitation) throw new OneTimeTokenInvalidError();
    return invitation;
  }

  /** Spends the token, and deletes its invitation, in the current transaction. @throws OneTimeTokenInvalidError */
  async spend(token: string, { id }: Invitation): Promise<void> {
    const { payload } = await this.links.spend('acceptInvitation', token);
    if ((payload as { id: string }).id !== id || !(await this.table.delete(id))) throw new OneTimeTokenInvalidError();
  }
}
