import { Injectable } from '@nestjs/common';
import { RevocationHealth } from '../revocations/revocation-health.js';
import { RevocationSet } from '../revocations/revocation-set.js';
import { VerificationKeys } from '../keys/verification-keys.js';
import type { VerifiedToken } from './verified-token-cache.js';

/** Checks whether a verified token is still valid. Every use of a token calls it, so it reads only memory. */
@Injectable()
export class TokenStatus {
  constructor(
    private readonly revocations: RevocationSet,
    private readonly health: RevocationHealth,
    private readonly keys: VerificationKeys,
  ) {}

  /**
   * Whether the token is within its time, not revoked, and its key still verifies.
   *
   * @param now epoch seconds
   */
  isStillValid(token: VerifiedToken, now: number): boolean {
    return (
      now >= token.validFrom &&
      now < token.validUntil &&
      this.isNotRevoked(token) &&
      this.keys.isLive(token.issuer, token.keyId, token.algorithm)
    );
  }

  /**
   * Rejects the token if the revocations of its issuer are unknown. Tokens of other issuers are not affected.
   *
   * @throws RevocationsUnknownError
   */
  assertRevocationsKnown({ issuer }: VerifiedToken): void {
    this.health.of(issuer)?.assertKnown();
  }

  /** Looks the token up only if anything was revoked since the last look-up. */
  private isNotRevoked(token: VerifiedToken): boolean {
    const { version } = this.revocations;
    if (token.clearedAt === version) return true;
    if (this.revocations.isRevoked(token.principal)) return false;
    token.clearedAt = version;
    return true;
  }
}
