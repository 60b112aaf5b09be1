import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { MailerNotConfiguredError } from './accounts.errors.js';
import { CheckedAccountsSettings } from './checked-accounts-settings.js';
import { Mailer } from './mailer.js';
import type { MailMessage } from './mailer.js';

/** Writes mail into the log, for development. In production it sends nothing and logs nothing of what it was given. */
@Injectable()
export class LogMailer extends Mailer implements OnModuleInit {
  private readonly logger = new Logger(LogMailer.name);

  constructor(private readonly settings: CheckedAccountsSettings) {
    super();
  }

  /** Warns once at boot where no mail will go out. */
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
