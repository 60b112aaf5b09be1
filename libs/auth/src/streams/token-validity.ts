import { Injectable } from '@nestjs/common';
import { Clock } from '../revocations/clock.js';
import { RevocationHealth } from '../revocations/revocation-health.js';
import { RevocationSet } from '../revocations/revocation-set.js';
import { VerificationKeys } from '../keys/verification-keys.js';
import type { Principal } from '../guard/principal.js';

/** Checks whether an earlier verified token is still valid, for streams that stay open longer than one request. */
@Injectable()
export class TokenValidity {
  constructor(
    private readonly revocations: RevocationSet,
    private readonly health: RevocationHealth,
    private readonly keys: VerificationKeys,
    private readonly clock: Clock,
  ) {}

  /**
   * Whether the guard would reject a new request with this token before its expiry: its session, subject, client, id,
   * or key is revoked, its key is not published any more, or the revocations of its issuer have been unknown for too
   * long.
   */
  isRevoked(principal: Principal): boolean {
    const { issuer, keyId } = principal;
    return (
      this.revocations.isRevoked(principal) ||
      !this.keys.isLive(issuer, keyId) ||
      this.health.of(issuer)?.isRefusing === true
    );
  }

  /** Whether `exp` has passed. `clockToleranceSeconds` applies only to requests, not to streams. */
  isExpired({ expiresAt }: Principal): boolean {
    return expiresAt * 1000 <= this.clock.now();
  }
}
