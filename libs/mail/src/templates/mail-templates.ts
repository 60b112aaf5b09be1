import { CheckedMailSettings } from '../checked-mail-settings.js';
import type { MailMessage } from '../mailers/mailer.js';
import { mailLanguageOf } from './mail-language.js';
import type { MailTemplate, MailTemplateData, MailTemplateName, MailTemplateOverrides } from './mail-template.js';
import { SHIPPED_TEMPLATES } from './shipped-templates.js';

/** The recipient of a mail. */
export interface MailRecipient {
  /** A normalised e-mail address. */
  readonly email: string;
  /** The id of the user (UUID). */
  readonly id?: string | undefined;
  /** The user's locale, such as `ko-KR`. Any other value than a string counts as absent. */
  readonly locale?: unknown;
  /** `Accept-Language` of the request, for a user without a locale. Omit it if the request may be another person's. */
  readonly acceptLanguage?: string | undefined;
}

/** Writes mails from templates. */
export class MailTemplates {
  constructor(
    private readonly settings: CheckedMailSettings,
    private readonly overrides: MailTemplateOverrides = {},
  ) {}

  /**
   * Writes a mail in the language of the recipient, for `Outbox.add`.
   * @throws Error if there is no template with this name
   * @example
   * ```ts
   * await outbox.add(templates.write('password-changed', { occurredAt: new Date() }, user));
   * ```
   */
  write<K extends MailTemplateName>(
    kind: K,
    data: MailTemplateData[K],
    { email, id, locale, acceptLanguage }: MailRecipient,
  ): MailMessage {
    const templates: MailTemplateOverrides = { ...SHIPPED_TEMPLATES, ...defined(this.overrides) };
    const template: MailTemplate<MailTemplateData[K]> | undefined = templates[kind];
    if (!template) throw new Error(`There is no mail template "${kind}": write templates: { '${kind}': … }.`);
    const language = mailLanguageOf(locale, acceptLanguage);
    const texts = template(data, {
      language,
      productName: this.settings.productName,
      link: (path, parameters) => this.settings.linkTo(path, parameters),
      time: (instant) => timeIn(language, instant),
    });
    const { subject, text, html } = texts;
    return {
      kind,
      to: email,
      subject,
      text,
      ...(id !== undefined && { userId: id }),
      ...(html && { html: String(html) }),
    };
  }
}

function timeIn(language: string, instant: Date): string {
  return new Intl.DateTimeFormat(language, {
    dateStyle: 'long',
    timeStyle: 'long',
    timeZone: 'UTC',
    hourCycle: 'h23',
  }).format(instant);
}

function defined(overrides: MailTemplateOverrides): MailTemplateOverrides {
  return Object.fromEntries(Object.entries(overrides).filter(([, template]) => template !== undefined));
}
