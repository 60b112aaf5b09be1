import { Injectable } from '@nestjs/common';
import { Clock, InvalidTokenError, RevocationSet, VerificationKeys } from 'postern/auth';
import type { Principal } from 'postern/auth';

/** Checks the token of a follower again: a response lasts longer than the check of the guard. */
@Injectable()
export class FollowerAccess {
  constructor(
    private readonly revocations: RevocationSet,
    private readonly keys: VerificationKeys,
    private readonly clock: Clock,
  ) {}

  /** Seconds until the token expires; never negative. */
  secondsLeft(principal: Principal): number {
    return Math.max(0, principal.expiresAt - this.clock.now() / 1000);
  }

  /**
   * Asserts that the token is still valid.
   *
   * @throws InvalidTokenError if the token has expired, or if the token or its key was revoked
   */
  assertAllowed(principal: Principal): void {
    const isAllowed =
      this.secondsLeft(principal) > 0 &&
      !this.revocations.isRevoked(principal) &&
      this.keys.isLive(principal.issuer, principal.keyId);
    if (!isAllowed) throw new InvalidTokenError();
  }
}
