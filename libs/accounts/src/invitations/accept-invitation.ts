import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import type { NewUser, UserBase } from 'postern/users';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';
import { InvitationAccepted } from '../accounts.events.js';
import { Registration } from '../registration.js';
import type { RegistrationContext } from '../registration.js';
import { InvitationLinks } from './invitation-links.js';
import { InviterRights } from './inviter-rights.js';

/** The account of an invited person, whose address is that of the invitation. */
export type InvitedAccount<U extends UserBase = UserBase> = Omit<NewUser<U>, 'email' | 'emailVerifiedAt'> & {
  readonly password: string;
};

/** Registers invited persons. */
@Injectable()
export class AcceptInvitation<U extends UserBase = UserBase> {
  constructor(
    private readonly links: InvitationLinks,
    private readonly rights: InviterRights,
    private readonly registration: Registration<U>,
    private readonly database: Database,
    private readonly events: Events,
  ) {}

  /**
   * Creates the user with a verified address and the roles of the invitation. If several servers accept it
   * concurrently, one succeeds. A rejected password, a conflict, and an inviter who lost the right to invite do not
   * spend the token.
   *
   * @throws OneTimeTokenInvalidError also if the inviter may not invite with these roles any more
   * @throws PasswordRejectedError, EmailTakenError, UserConflictError, HashingOverloadedError
   */
  async accept(token: string, account: InvitedAccount<U>, context: RegistrationContext = {}): Promise<U> {
    // Before the password is hashed: without a token, a client can cause no hash.
    const invitation = await this.links.find(token);
    const { id, email, invitedBy, roles } = invitation;
    const complete = { ...account, email } as unknown as NewUser<U> & { password: string };
    const prepared = await this.registration.prepare(complete, context);
    return this.database.transaction(async () => {
      if (!(await this.rights.mayStillInvite(invitedBy, roles))) throw new OneTimeTokenInvalidError();
      await this.links.spend(token, invitation);
      // The token came by mail, so it verifies the address.
      const user = await this.registration.create({
        ...prepared,
        user: { ...prepared.user, emailVerifiedAt: new Date() },
      });
      await this.rights.give(user.id, roles);
      this.events.publish(new InvitationAccepted(id, user.id, invitedBy));
      return user;
    });
  }
}
