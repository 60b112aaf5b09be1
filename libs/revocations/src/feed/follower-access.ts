import { Injectable } from '@nestjs/common';
import { Clock, InvalidTokenError, RevocationSet, VerificationKeys } from 'postern/auth';
import type { Principal } from 'postern/auth';

/** For how long the token of a follower lets it read: its answer lasts longer than the check of the guard. */
@Injectable()
export class FollowerAccess {
  constructor(
    private readonly revocations: RevocationSet,
    private readonly keys: VerificationKeys,
    private readonly clock: Clock,
  ) {}

  /** Until the token expires; never negative. */
  secondsLeft(principal: Principal): number {
    return Math.max(0, principal.expiresAt - this.clock.now() / 1000);
  }

  /**
   * Does nothing while the token is good.
   *
   * @throws InvalidTokenError if it has expired or was revoked, or its key was killed
   */
  assertAllowed(principal: Principal): void {
    const isAllowed =
      this.secondsLeft(principal) > 0 &&
      !this.revocations.isRevoked(principal) &&
      this.keys.isLive(principal.issuer, principal.keyId);
    if (!isAllowed) throw new InvalidTokenError();
  }
}
