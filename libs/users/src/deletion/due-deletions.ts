import { Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { Database, PeriodicCleanup } from 'postern/persistence';
import { UsersService } from '../users.service.js';

/** Deletes the users whose grace period has ended. Each replica runs it, and each user has its own transaction. */
@Injectable()
export class DueDeletions extends PeriodicCleanup {
  constructor(
    private readonly users: UsersService,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** A user that cannot be deleted, such as one that your table refers to, is logged and retried at the next turn. */
  async sweep(): Promise<number> {
    const failed: string[] = [];
    let count = 0;
    for (;;) {
      const userId = await this.deleteNext(failed);
      if (userId === undefined) return count;
      if (!failed.includes(userId)) count += 1;
    }
  }

  private async deleteNext(failed: string[]): Promise<string | undefined> {
    let userId: string | undefined;
    try {
      return await this.database.transaction(async () => {
        // A login locks the user, too: it cancels the deletion first, or finds no user.
        const [user] = await this.database.manager.query<{ id: string }[]>(
          `SELECT id FROM users WHERE deletion_at <= $1 AND id <> ALL ($2::uuid[])
           ORDER BY deletion_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
          [new Date(this.clock.now()), failed],
        );
        userId = user?.id;
        if (userId !== undefined) await this.users.remove(userId);
        return userId;
      });
    } catch (error) {
      if (userId === undefined) throw error;
      this.logger.error(`Deleting the user ${userId} failed, will retry: ${String(error)}`);
      failed.push(userId);
      return userId;
    }
  }
}
