export { CheckedMailSettings } from './checked-mail-settings.js';
export {
  MailError,
  MailerNotConfiguredError,
  MailNotSentError,
  MailRejectedError,
  MailUnreadableError,
  type MailErrorCode,
} from './mail.errors.js';
export { MailFailed, type MailFailure } from './mail.events.js';
export { MailModule } from './mail.module.js';
export type { MailSettings, MailStructure } from './mail.module-definition.js';
export { MailboxController } from './mailbox/mailbox.controller.js';
export { Mailbox, type MailboxEntry } from './mailbox/mailbox.js';
export { LogMailer } from './mailers/log-mailer.js';
export { Mailer, type MailMessage } from './mailers/mailer.js';
export { SmtpMailer, type SmtpMailerOptions } from './mailers/smtp-mailer.js';
export { Outbox } from './outbox/outbox.js';
export { html, Html, type HtmlValue } from './templates/html.js';
export { letter, type Letter } from './templates/letter.js';
export type { MailLanguage } from './templates/mail-language.js';
export { mailLanguageOf } from './templates/mail-language.js';
export type {
  LinkData,
  MailContext,
  MailTemplate,
  MailTemplateData,
  MailTemplateName,
  MailTemplateOverrides,
  MailTexts,
} from './templates/mail-template.js';
export { MailTemplates, type MailRecipient } from './templates/mail-templates.js';
