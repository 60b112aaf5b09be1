import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { Database, Events } from 'postern/persistence';
import { UserAccess } from '../access/user-access.js';
import type { UserBase } from '../user-base.entity.js';
import { UserNotFoundError } from '../users.errors.js';
import { UserDeletionCancelled, UserDeletionRequested } from '../users.events.js';
import { UsersService } from '../users.service.js';
import { DeletionSettings } from './deletion-settings.js';

/** Deletes users at their own request: after the grace period of the settings, or at once without one. */
@Injectable()
export class UserDeletion {
  constructor(
    private readonly users: UsersService,
    private readonly access: UserAccess,
    private readonly database: Database,
    private readonly events: Events,
    private readonly settings: DeletionSettings,
  ) {}

  /**
   * Ends all sessions of the user, revokes all tokens, and schedules the deletion, in one transaction. A login before
   * the end of the grace period cancels it. Without a grace period, the user is deleted in this transaction. A second
   * request does not change the time.
   *
   * @param acceptLanguage the header of the request, for the language of the notice
   * @throws UserNotFoundError @throws UserInUseError
   * @throws AuthError if the account must not end, such as the last administrator
   */
  async request(userId: string, acceptLanguage?: string): Promise<void> {
    if (!isUUID(userId)) throw new UserNotFoundError();
    await this.database.transaction(async () => {
      const { manager } = this.database;
      const [user] = await manager.query<{ id: string; deletionAt: Date | null }[]>(
        'SELECT id, deletion_at AS "deletionAt" FROM users WHERE id = $1 FOR UPDATE',
        [userId],
      );
      if (!user) throw new UserNotFoundError();
      if (user.deletionAt) return;
      const deletionAt = await this.scheduledFor(user.id);
      this.events.publish(new UserDeletionRequested(user.id, deletionAt, acceptLanguage));
    });
  }

  /**
   * Cancels a scheduled deletion. Call it in the transaction of a login, before the session is stored. A user without a
   * scheduled deletion stays unchanged.
   */
  async cancel(userId: string): Promise<void> {
    await this.database.transaction(async () => {
      const [, count] = await this.database.manager.query<[unknown, number]>(
        'UPDATE users SET deletion_at = NULL WHERE id = $1 AND deletion_at IS NOT NULL',
        [userId],
      );
      if (count > 0) this.events.publish(new UserDeletionCancelled(userId));
    });
  }

  /**
   * Resolves when new tokens of a user with a scheduled deletion are valid: at most one second after the request. Call
   * it before a token is issued.
   */
  async untilTokensAreValid({ deletionAt }: UserBase): Promise<void> {
    if (!deletionAt) return;
    await this.access.untilRegained(new Date(deletionAt.getTime() - this.settings.graceMilliseconds));
  }

  private async scheduledFor(userId: string): Promise<Date> {
    if (this.settings.graceMilliseconds === 0) {
      await this.users.remove(userId);
      return new Date();
    }
    const endedAt = await this.access.end(userId, 'deletion-requested');
    const deletionAt = new Date(endedAt.getTime() + this.settings.graceMilliseconds);
    await this.database.manager.query('UPDATE users SET deletion_at = $2 WHERE id = $1', [userId, deletionAt]);
    return deletionAt;
  }
}
