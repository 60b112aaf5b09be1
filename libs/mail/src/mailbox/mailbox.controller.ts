import { Controller, Get, Header, Inject, Logger, VERSION_NEUTRAL } from '@nestjs/common';
import type { OnApplicationBootstrap } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from 'postern/auth';
import { CheckedMailSettings } from '../checked-mail-settings.js';
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
export class MailboxController implements OnApplicationBootstrap {
  @Inject(Mailbox) private readonly mailbox!: Mailbox;
  @Inject(CheckedMailSettings) private readonly settings!: CheckedMailSettings;

  /** Logs a warning if this may be production by mistake: every client could then follow the links of others. */
  onApplicationBootstrap(): void {
    const { production, publicUrl } = this.settings;
    if (production || /^(localhost|127(\.\d+){3}|\[::1\]|.*\.(localhost|test))$/.test(new URL(publicUrl).hostname))
      return;
    new Logger(Mailbox.name).warn(
      `Every client can read all mails and follow their links at /dev/mailbox. If ${publicUrl} is production, set production: true.`,
    );
  }

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
