import { Injectable } from '@nestjs/common';
import { Mailer, type MailMessage } from 'postern/accounts';

/** Keeps what goes out, for Acme's mail gateway to fetch. */
@Injectable()
export class OutboxMailer extends Mailer {
  readonly sent: MailMessage[] = [];

  send(message: MailMessage): Promise<void> {
    this.sent.push(message);
    return Promise.resolve();
  }
}
