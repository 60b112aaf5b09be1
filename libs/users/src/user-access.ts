import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Optional } from '@nestjs/common';
import { Clock, RevocationPublisher } from 'postern/auth';
import { UserSessions } from './user-sessions.js';

/** Takes from a user what lets them in at this moment: sessions, and tokens whether or not they belong to one. */
@Injectable()
export class UserAccess {
  constructor(
    private readonly revocations: RevocationPublisher,
    private readonly clock: Clock,
    @Optional() private readonly sessions?: UserSessions,
  ) {}

  /**
   * In the ambient transaction, after the row of the user is locked: a token that is issued while that waits is covered,
   * too, and no session can begin before the transaction ends.
   *
   * @param reason at most 32 characters
   * @returns the instant of the ending, up to whose second tokens are refused
   */
  async end(userId: string, reason: string): Promise<Date> {
    await this.sessions?.endAllOf(userId, reason);
    const endedAt = this.clock.now();
    await this.revocations.publish({
      kind: 'subject',
      target: userId,
      before: Math.floor(endedAt / 1000),
      reason,
    });
    return new Date(endedAt);
  }

  /** Resolves when a token that is issued now counts although access was ended at that instant: one second later, at most. */
  async untilRegained(endedAt: Date): Promise<void> {
    // Tokens carry whole seconds, and those of the second of the ending are refused.
    const regainedAt = (Math.floor(endedAt.getTime() / 1000) + 1) * 1000;
    // More than once, since a timer may come early by the clock; not for ever, since a clock may stand still.
    for (let turn = 0; turn < 3 && this.clock.now() < regainedAt; turn += 1) {
      await delay(Math.min(regainedAt - this.clock.now(), 1000));
    }
  }
}
