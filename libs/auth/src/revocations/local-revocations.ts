import { Injectable } from '@nestjs/common';
import { Clock } from './clock.js';
import { RevocationSet } from './revocation-set.js';
import { issuedAheadSeconds } from '../tokens/access-token-rules.js';
import { TrustedIssuers } from '../tokens/trusted-issuers.js';
import { RevocationRequest, assertValidRevocation, RevocationPublisher } from './revocation-publisher.js';

/** Revokes tokens in this process only, for an application with one process and no database. */
@Injectable()
export class LocalRevocations extends RevocationPublisher {
  constructor(
    private readonly set: RevocationSet,
    private readonly issuers: TrustedIssuers,
    private readonly clock: Clock,
  ) {
    super();
  }

  override async publish(notice: RevocationRequest): Promise<void> {
    assertValidRevocation(notice);
    if (notice.issuer === undefined && this.issuers.own.tenants !== undefined) {
      throw new Error('Revocation: "issuer" must name the tenant, because the own issuer has several.');
    }
    const rules = this.issuers.get(notice.issuer ?? this.issuers.own.issuer) ?? this.issuers.own;
    const lifetime = rules.maximumLifetimeSeconds + issuedAheadSeconds(rules) + rules.clockToleranceSeconds;
    this.set.add({ ...notice, expiresAt: notice.expiresAt ?? Math.ceil(this.clock.now() / 1000) + lifetime });
  }
}
