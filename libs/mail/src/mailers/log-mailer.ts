import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { CheckedMailSettings } from '../checked-mail-settings.js';
import { CONFIGURATION, MailerNotConfiguredError } from '../mail.errors.js';
import { Mailer } from './mailer.js';
import type { MailMessage } from './mailer.js';

/**
 * Logs a line for each mail, for development: `/dev/mailbox` shows the mail. In production it rejects each mail. It
 * never logs the text of a mail, which may have a link that signs a user in.
 */
@Injectable()
export class LogMailer extends Mailer implements OnModuleInit {
  private readonly logger = new Logger(LogMailer.name);

  constructor(private readonly settings: CheckedMailSettings) {
    super();
  }

  /** Logs a warning at boot if no mail will be sent in production. */
  onModuleInit(): void {
    if (this.settings.production) this.logger.warn(`No mail will be sent. ${CONFIGURATION}`);
  }

  /** @throws MailerNotConfiguredError in production */
  send({ kind, to, subject }: MailMessage): Promise<void> {
    if (this.settings.production) return Promise.reject(new MailerNotConfiguredError());
    this.logger.log(`Mail (${kind}) to ${to}: ${subject}`);
    return Promise.resolve();
  }
}
