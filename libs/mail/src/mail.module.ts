import { Logger, Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { withInheritedRoutes } from 'postern/auth';
import { missingSettings } from 'postern/problem';
import { CheckedMailSettings } from './checked-mail-settings.js';
import { CONFIGURATION } from './mail.errors.js';
import { ConfigurableMailModule, MAIL_SETTINGS } from './mail.module-definition.js';
import type { ASYNC_OPTIONS_TYPE, MailSettings, MailStructure, OPTIONS_TYPE } from './mail.module-definition.js';
import { MailboxController } from './mailbox/mailbox.controller.js';
import { Mailbox } from './mailbox/mailbox.js';
import { LogMailer } from './mailers/log-mailer.js';
import { Mailer } from './mailers/mailer.js';
import { SmtpMailer } from './mailers/smtp-mailer.js';
import { OutboxCleanup } from './outbox/outbox-cleanup.js';
import { OutboxTable } from './outbox/outbox-table.js';
import { OutboxWorker } from './outbox/outbox-worker.js';
import { Outbox } from './outbox/outbox.js';
import { SealedContent } from './outbox/sealed-content.js';
import { MailTemplates } from './templates/mail-templates.js';

/**
 * Mail by SMTP or by your mailer, written in the transaction of its cause and sent after the commit. Needs
 * `PersistenceModule`. The application imports it once.
 * @example
 * ```ts
 * MailModule.forRoot({ production: true, publicUrl: 'https://id.acme.com', secret, smtpUrl, from: 'no-reply@acme.com' })
 * ```
 */
@Module({ providers: [missingSettings('MailModule', MAIL_SETTINGS)] })
export class MailModule extends ConfigurableMailModule {
  /** Takes settings and structure in one object. */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRoot(options), options);
  }

  /** Takes the settings from a factory or a class, and the structure synchronously. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRootAsync(options), options);
  }
}

function withStructure(module: DynamicModule, structure: MailStructure): DynamicModule {
  const controller = structure.controller ?? MailboxController;
  return {
    ...module,
    imports: [...(module.imports ?? []), ...(structure.imports ?? [])],
    controllers: [...(module.controllers ?? []), ...(controller ? [withInheritedRoutes(controller)] : [])],
    providers: [
      ...(module.providers ?? []),
      {
        provide: CheckedMailSettings,
        inject: [MAIL_SETTINGS],
        useFactory: (settings: MailSettings) => new CheckedMailSettings(settings),
      },
      {
        provide: SealedContent,
        inject: [MAIL_SETTINGS],
        useFactory: ({ secret, previousSecrets }: MailSettings) => new SealedContent(secret, previousSecrets),
      },
      {
        provide: MailTemplates,
        inject: [CheckedMailSettings],
        useFactory: (settings: CheckedMailSettings) => new MailTemplates(settings, structure.templates),
      },
      mailerOf(structure),
      OutboxTable,
      OutboxWorker,
      OutboxCleanup,
      Outbox,
      Mailbox,
    ],
    exports: [...(module.exports ?? []), CheckedMailSettings, Mailer, Mailbox, MailTemplates, Outbox],
  };
}

function mailerOf({ mailer }: MailStructure): Provider {
  if (mailer) return { provide: Mailer, useClass: mailer };
  return {
    provide: Mailer,
    inject: [MAIL_SETTINGS, CheckedMailSettings],
    useFactory: ({ smtpUrl: url }: MailSettings, settings: CheckedMailSettings) => {
      const { from, smtpTimeoutSeconds: timeoutSeconds } = settings;
      if (url !== undefined && from !== undefined) return new SmtpMailer({ url, from, timeoutSeconds });
      if (url !== undefined || from !== undefined) {
        new Logger('MailModule').warn(
          `Mail is not sent by SMTP, because "${url === undefined ? 'smtpUrl' : 'from'}" is missing. ${CONFIGURATION}`,
        );
      }
      return new LogMailer(settings);
    },
  };
}
