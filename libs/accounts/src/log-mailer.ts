import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { MailerNotConfiguredError } from './accounts.errors.js';
import { CheckedAccountsSettings } from './checked-accounts-settings.js';
import { Mailer } from './mailer.js';
import type { MailMessage } from './mailer.js';

/** Writes mail into the log, for development. In production it rejects each mail and logs no part of it. */
@Injectable()
export class LogMailer extends Mailer implements OnModuleInit {
  private readonly logger = new Logger(LogMailer.name);

  constructor(private readonly settings: CheckedAccountsSettings) {
    super();
  }

  /** Logs a warning at boot in production, because no mail will be sent. */
  onModuleInit(): void {
    if (this.settings.production) this.logger.warn(`No mail will be sent. ${new MailerNotConfiguredError().message}`);
  }

  /** @throws MailerNotConfiguredError in production */
  send({ kind, to, subject, text }: MailMessage): Promise<void> {
    if (this.settings.production) return Promise.reject(new MailerNotConfiguredError());
    this.logger.log(`Mail (${kind}) to ${to}: ${subject}\n${text}`);
    return Promise.resolve();
  }
}
