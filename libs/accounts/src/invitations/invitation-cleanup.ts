import { Injectable } from '@nestjs/common';
import { PeriodicCleanup } from 'postern/persistence';
import { InvitationTable } from './invitation-table.js';

/** Deletes expired invitations. */
@Injectable()
export class InvitationCleanup extends PeriodicCleanup {
  constructor(private readonly table: InvitationTable) {
    super();
  }

  sweep(): Promise<number> {
    return this.inBatches((limit) => this.table.deleteExpired(limit));
  }
}
