import { Injectable, Logger } from '@nestjs/common';
import {
  assertTellable,
  RevocationPublisher,
  RevocationSet,
  TrustedIssuers,
  type RevocationNotice,
} from 'postern/auth';
import { Database } from 'postern/persistence';
import { RevocationJournal, type NewRevocation } from './revocation-table.js';

/**
 * Writes revocations into the database, in the transaction of what causes them: neither happens without the other.
 * From the commit on this server refuses what they name, and all other replicas soon after.
 *
 * @example
 * AuthModule.forRoot({ issuer, audience, revocationPublisher: RevocationLog, revocationSource: StoredRevocations })
 */
@Injectable()
export class RevocationLog extends RevocationPublisher {
  private readonly logger = new Logger(RevocationLog.name);

  constructor(
    private readonly database: Database,
    private readonly journal: RevocationJournal,
    private readonly set: RevocationSet,
    private readonly issuers: TrustedIssuers,
  ) {
    super();
  }

  /**
   * Writes one revocation; without `expiresAt` it is kept as long as any access token can live.
   *
   * @throws Error for tokens of another issuer, which that issuer alone can revoke, and for what `assertTellable` refuses
   */
  publish(revocation: RevocationNotice): Promise<void> {
    return this.publishAll([revocation]);
  }

  /** Writes several revocations, all of them or none. */
  async publishAll(revocations: readonly NewRevocation[]): Promise<void> {
    if (revocations.length === 0) return;
    const foreign = revocations.find(({ issuer = this.issuers.own.issuer }) => issuer !== this.issuers.own.issuer);
    if (foreign) throw new Error(`Tokens of ${foreign.issuer} are revoked there, not in this database.`);
    for (const revocation of revocations) assertTellable(revocation);
    const written = await this.journal.append(revocations);
    this.database.afterCommit(() => {
      for (const revocation of written) this.set.add(revocation);
      // Not waited for: this server knows already, and the poll of any replica repairs what fails here.
      this.journal.order().catch((error: unknown) => {
        this.logger.warn(`Revocations wait for the next poll to be put in order: ${String(error)}`);
      });
    });
  }
}
