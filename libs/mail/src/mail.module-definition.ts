import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { setting, settings } from 'postern/problem';
import { publicUrlProblem } from './public-url.js';
import type { Mailer } from './mailers/mailer.js';
import type { MailTemplateOverrides } from './templates/mail-template.js';

/** The settings of `MailModule`. Plain data, checked at boot. */
export interface MailSettings {
  /** Whether this is production. It then sends mail or rejects it, deletes sent mail, and has no `/dev/mailbox`. */
  production: boolean;
  /** The public URL of the application. Each link in a mail begins with it, and never with a header of a request. */
  publicUrl: string;
  /** The instance secret, at least 32 bytes. It encrypts the mails that wait in the database. */
  secret: string;
  /** Further instance secrets for decryption during a change of `secret`. */
  previousSecrets?: readonly string[] | undefined;
  /** `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`. `?tls=off` sends without TLS. */
  smtpUrl?: string | undefined;
  /** The sender: `no-reply@acme.com` or `Acme <no-reply@acme.com>`. Required with `smtpUrl`. */
  from?: string | undefined;
  /** The time-out of the connection, of the greeting, and of a silent SMTP server, each in seconds (default 30). */
  smtpTimeoutSeconds?: number | undefined;
  /** The maximum number of mails that this replica sends concurrently (default 4). */
  concurrency?: number | undefined;
  /** The time between two looks for due mails of other replicas and for retries, in seconds (default 5). */
  pollSeconds?: number | undefined;
  /** The name of the product in mails (default: `Postern`). */
  productName?: string | undefined;
}

/** The classes and functions of `MailModule`. Read synchronously, also by `forRootAsync`. */
export interface MailStructure {
  /** Sends mail (default: `SmtpMailer` with `smtpUrl` and `from`, else `LogMailer`). */
  mailer?: Type<Mailer> | undefined;
  /** Templates that replace shipped templates of the same name; the others stay. */
  templates?: MailTemplateOverrides | undefined;
  /** The controller of `/dev/mailbox` (default: `MailboxController`). `false`: no route. */
  controller?: Type | false | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

export const SETTINGS = settings<MailSettings, MailStructure>()(
  'MailModule',
  {
    production: setting.custom<boolean>((value) =>
      typeof value === 'boolean'
        ? undefined
        : 'is missing: set production: true or production: false. Only false shows mails at /dev/mailbox.',
    ),
    publicUrl: setting.custom<string>(publicUrlProblem),
    secret: setting.secret(),
    previousSecrets: setting.secret(),
    smtpUrl: setting.secret(),
    from: setting.custom<string | undefined>((value) =>
      value === undefined || (typeof value === 'string' && isSender(value))
        ? undefined
        : 'must be a sender: write "no-reply@acme.com" or "Acme <no-reply@acme.com>".',
    ),
    smtpTimeoutSeconds: setting.number(30, { min: 1, max: 40 }),
    concurrency: setting.wholeNumber(4, { min: 1, max: 100 }),
    pollSeconds: setting.number(5, { min: 0.1, max: 60 }),
    productName: setting.text('Postern'),
  },
  { mailer: true, templates: true, controller: true, imports: true },
);

export const {
  ConfigurableModuleClass: ConfigurableMailModule,
  MODULE_OPTIONS_TOKEN: MAIL_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<MailSettings>({ moduleName: 'Mail' })
  .setClassMethodName('forRoot')
  .setExtras<MailStructure>(SETTINGS.noStructure, (definition) => ({ ...definition, global: true }))
  .build();

function isSender(text: string): boolean {
  return /^(?:[^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/.test(text.trim());
}
