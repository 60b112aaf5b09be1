import { Injectable } from '@nestjs/common';
import { PeriodicCleanup } from 'postern/persistence';
import { CheckedMailSettings } from '../checked-mail-settings.js';
import { OutboxTable } from './outbox-table.js';

const KEPT_SECONDS = 86_400;

/** Deletes sent mails a day after they were sent. Production keeps none, also after a change of the setting. */
@Injectable()
export class OutboxCleanup extends PeriodicCleanup {
  constructor(
    private readonly table: OutboxTable,
    private readonly settings: CheckedMailSettings,
  ) {
    super();
  }

  sweep(): Promise<number> {
    return this.inBatches((limit) => this.table.deleteSent(this.settings.production ? 0 : KEPT_SECONDS, limit));
  }
}
