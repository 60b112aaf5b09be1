import { Injectable, Logger } from '@nestjs/common';
import { assertValidRevocation, RevocationPublisher, RevocationSet, TrustedIssuers } from 'postern/auth';
import type { RevocationRequest } from 'postern/auth';
import { Database } from 'postern/persistence';
import { RevocationTable } from './revocation-table.js';
import type { NewRevocation } from './revocation-table.js';

/**
 * Writes revocations into the database, in the transaction of what causes them: neither happens without the other.
 * From the commit on this server refuses what they name, and all other replicas soon after.
 *
 * @example
 * ```ts
 * AuthModule.forRoot({ issuer, audience, revocationPublisher: DatabaseRevocationPublisher, revocationSource: DatabaseRevocationSource })
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
   * Writes one revocation; without `expiresAt` it is kept as long as any access token can live.
   *
   * @throws Error for tokens of another issuer, which that issuer alone can revoke, and for what `assertValidRevocation` refuses
   */
  publish(revocation: RevocationRequest): Promise<void> {
    return this.publishAll([revocation]);
  }

  /** Writes several revocations, all of them or none. */
  async publishAll(revocations: readonly NewRevocation[]): Promise<void> {
    if (revocations.length === 0) return;
    const foreign = revocations.find(({ issuer = this.issuers.own.issuer }) => issuer !== this.issuers.own.issuer);
    if (foreign) throw new Error(`Tokens of ${foreign.issuer} are revoked there, not in this database.`);
    for (const revocation of revocations) assertValidRevocation(revocation);
    const written = await this.table.append(revocations);
    this.database.afterCommit(() => {
      for (const revocation of written) this.set.add(revocation);
      // Not waited for: this server knows already, and the poll of any replica repairs what fails here.
      this.table.order().catch((error: unknown) => {
        this.logger.warn(`Revocations wait for the next poll to be put in order: ${String(error)}`);
      });
    });
  }
}
