import { Injectable, Logger } from '@nestjs/common';
import { assertValidRevocation, RevocationPublisher, RevocationSet, TrustedIssuers } from 'postern/auth';
import type { RevocationRequest } from 'postern/auth';
import { Database } from 'postern/persistence';
import { RevocationTable } from './revocation-table.js';
import type { NewRevocation } from './revocation-table.js';

/**
 * Writes revocations into the database, in the current transaction: both are committed or neither. This server rejects
 * the revoked tokens from the commit on, and the other replicas soon after.
 *
 * @example
 * ```ts
 * AuthModule.forRoot({
 *   issuer,
 *   audience,
 *   revocationPublisher: DatabaseRevocationPublisher,
 *   revocationSource: DatabaseRevocationSource,
 * })
 * ```
 */
@Injectable()
export class DatabaseRevocationPublisher extends RevocationPublisher {
  private readonly logger = new Logger(DatabaseRevocationPublisher.name);

  constructor(
    private readonly database: Database,
    private readonly table: RevocationTable,
    private readonly set: RevocationSet,
    private readonly issuers: TrustedIssuers,
  ) {
    super();
  }

  /**
   * Writes a revocation. Without `expiresAt` it is kept for the maximum lifetime of an access token.
   *
   * @throws Error if the tokens belong to another issuer, or if the revocation is not valid
   */
  publish(revocation: RevocationRequest): Promise<void> {
    return this.publishAll([revocation]);
  }

  /** Writes all of the revocations, or none. */
  async publishAll(revocations: readonly NewRevocation[]): Promise<void> {
    if (revocations.length === 0) return;
    const foreign = revocations.find(({ issuer = this.issuers.own.issuer }) => issuer !== this.issuers.own.issuer);
    if (foreign)
      throw new Error(`Only the issuer ${foreign.issuer} can revoke its tokens: call it instead of this server.`);
    for (const revocation of revocations) assertValidRevocation(revocation);
    const written = await this.table.append(revocations);
    this.database.afterCommit(() => {
      for (const revocation of written) this.set.add(revocation);
      // Not awaited: this server already has the revocation, and the next poll of a replica retries after a failure.
      this.table.order().catch((error: unknown) => {
        this.logger.warn(`Numbering of revocations failed, the next poll will retry: ${String(error)}`);
      });
    });
  }
}
