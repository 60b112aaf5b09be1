import { Controller, Get, Header, Inject, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from 'postern/auth';
import { Mailbox } from './mailbox.js';
import type { MailboxEntry } from './mailbox.js';
import { MAILBOX_POLICY, mailboxPage } from './mailbox-page.js';

/**
 * Shows the sent mails outside production, so that a developer can follow their links. In production its routes respond
 * 404.
 */
@ApiExcludeController()
@Public()
@Controller({ path: 'dev', version: VERSION_NEUTRAL })
export class MailboxController {
  @Inject(Mailbox) private readonly mailbox!: Mailbox;

  /** @throws NotFoundError in production */
  @Get('mailbox')
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', MAILBOX_POLICY)
  @Header('Cache-Control', 'no-store')
  async showMailbox(): Promise<string> {
    return mailboxPage(await this.mailbox.entries());
  }

  /** @throws NotFoundError in production */
  @Get('mailbox.json')
  @Header('Cache-Control', 'no-store')
  listMailbox(): Promise<MailboxEntry[]> {
    return this.mailbox.entries();
  }
}
