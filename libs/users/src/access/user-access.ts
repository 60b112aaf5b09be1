import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Optional } from '@nestjs/common';
import { Clock, RevocationPublisher } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { UserRoles } from './user-roles.js';
import { UserSessions } from './user-sessions.js';

/** Decides who may administer a user, and ends the access of a user: the sessions and all access tokens. */
@Injectable()
export class UserAccess {
  constructor(
    private readonly revocations: RevocationPublisher,
    private readonly clock: Clock,
    @Optional() private readonly sessions?: UserSessions,
    @Optional() private readonly roles?: UserRoles,
  ) {}

  /**
   * Call it in the transaction of the change. Without `RolesModule`, no user has more rights than another.
   *
   * @param caller absent for code of the application, which may change every user
   * @throws UserHasMoreRightsError
   */
  async assertMayAdminister(userId: string, caller: Principal | undefined): Promise<void> {
    if (caller) await this.roles?.assertMayAdminister(userId, caller);
  }

  /**
   * Ends the access, also of tokens without a session. Call it in a transaction after the user's row is locked: then it
   * also covers tokens that are issued while the lock is awaited, and no session can begin before the transaction ends.
   *
   * @param reason at most 32 characters
   * @throws AuthError if the account must not end, such as the last administrator
   * @returns the instant at which access ended; tokens issued up to and including its second are revoked
   */
  async end(userId: string, reason: string): Promise<Date> {
    await this.roles?.assertMayEnd(userId);
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

  /** Resolves when newly issued tokens are valid again after access ended at this instant: after at most one second. */
  async untilRegained(endedAt: Date): Promise<void> {
    // `iat` has whole seconds, and tokens of the second in which access ended are revoked.
    const regainedAt = (Math.floor(endedAt.getTime() / 1000) + 1) * 1000;
    // A timer may fire early, so this waits again. A clock may stand still, so this waits at most three times.
    for (let turn = 0; turn < 3 && this.clock.now() < regainedAt; turn += 1) {
      await delay(Math.min(regainedAt - this.clock.now(), 1000));
    }
  }
}
