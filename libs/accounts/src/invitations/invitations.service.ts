import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import type { Principal } from 'postern/auth';
import { Database, Events, uuidv7 } from 'postern/persistence';
import { SessionMissingError } from 'postern/sessions';
import { EmailTakenError, normalizeEmail } from 'postern/users';
import { InvitationNotFoundError } from '../accounts.errors.js';
import { UserInvited } from '../accounts.events.js';
import { InvitationLinks } from './invitation-links.js';
import { InvitationTable } from './invitation-table.js';
import type { Invitation } from './invitation-table.js';
import { InviterRights } from './inviter-rights.js';

/** The largest page size. */
export const MAX_INVITATIONS = 100;

/** The person to invite. */
export interface InvitationRequest {
  readonly email: string;
  /** The names of the roles that the new user gets. */
  readonly roles?: readonly string[] | undefined;
  /** `Accept-Language` of the request, for the language of the mail. */
  readonly acceptLanguage?: string | undefined;
}

/**
 * Invites persons, and lists and revokes invitations.
 *
 * @example
 * ```ts
 * await this.invitations.invite({ email: 'ada@example.com', roles: ['auditor'] }, caller);
 * ```
 */
@Injectable()
export class InvitationsService {
  constructor(
    private readonly rights: InviterRights,
    private readonly links: InvitationLinks,
    private readonly table: InvitationTable,
    private readonly database: Database,
    private readonly events: Events,
  ) {}

  /**
   * Stores an invitation and its mail in one transaction. It replaces the older invitation of the address.
   *
   * @param caller a user with each permission of the roles
   * @throws SessionMissingError for a service @throws InvalidEmailError, EmailTakenError, PermissionNotHeldError
   * @throws ValidationFailedError for an unknown role
   */
  async invite(request: InvitationRequest, caller: Principal): Promise<Invitation> {
    // The rights of a service cannot be checked at the acceptance.
    if (caller.sessionId === undefined || !isUUID(caller.subject)) throw new SessionMissingError();
    const [email, roles] = [normalizeEmail(request.email), [...new Set(request.roles)]];
    return this.database.transaction(async () => {
      await this.rights.assertMayInvite(roles, caller);
      if (await this.table.isTaken(email)) throw new EmailTakenError();
      const invitation = { id: uuidv7(), email, roles, invitedBy: caller.subject };
      this.events.publish(new UserInvited(invitation.id, caller.subject));
      return this.links.send(invitation, request.acceptLanguage);
    });
  }

  /**
   * Returns invitations that have not expired, the oldest first.
   *
   * @param limit clamped to 1 to 100
   * @param after the `next` of the former page
   */
  async list(limit: number, after?: string): Promise<{ invitations: readonly Invitation[]; next: string | null }> {
    const size = Math.min(Math.max(Math.trunc(limit) || 1, 1), MAX_INVITATIONS);
    // The additional row shows whether there is a next page.
    const rows = await this.table.page(size + 1, after);
    const invitations = rows.slice(0, size);
    return { invitations, next: rows.length > size ? invitations.at(-1)!.id : null };
  }

  /** Revokes an invitation, and with it the link. @throws InvitationNotFoundError */
  async revoke(id: string): Promise<void> {
    if (!isUUID(id) || !(await this.table.delete(id))) throw new InvitationNotFoundError();
  }
}
