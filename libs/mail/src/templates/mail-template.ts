import type { Html } from './html.js';
import type { MailLanguage } from './mail-language.js';

/**
 * The data of each template by its name. An application adds a template of its own by declaration merging.
 * @example
 * ```ts
 * declare module 'postern/mail' {
 *   interface MailTemplateData { 'order-placed': { orderId: string } }
 * }
 * ```
 */
export interface MailTemplateData {
  /** The user's password was changed. */
  'password-changed': { readonly occurredAt: Date };
  /** A session was ended because its refresh token was used twice. */
  'refresh-token-reused': { readonly occurredAt: Date };
  /** The user requested the deletion of the account; it was deleted if `deletionAt` is not later than `occurredAt`. */
  'deletion-requested': { readonly occurredAt: Date; readonly deletionAt: Date };
  /** A login cancelled the deletion of the account. */
  'deletion-cancelled': { readonly occurredAt: Date };
  /** An administrator invited a person without an account. */
  invitation: LinkData;
  /** A person wants to log in by a link. */
  'magic-link': LinkData;
  /** The user registered, and verifies the address by the link. */
  'verify-email': LinkData;
  /** A person registered with the address of this user. The link sets a new password. */
  'account-exists': LinkData;
  /** The user requested a new password, and sets it by the link. */
  'reset-password': LinkData;
  /** A user whom an administrator has created without a password. */
  'set-password': LinkData;
  /** The user requested a change to this address, and confirms it by the link. */
  'confirm-email-change': LinkData;
  /** Another user requested a change to the address of this user. */
  'address-in-use': object;
  /** The address of the user was changed. The former address gets this mail. The link undoes the change. */
  'email-changed': { readonly occurredAt: Date; readonly undo?: LinkData | undefined };
}

/** A link that works once. */
export interface LinkData {
  readonly url: string;
  readonly expiresAt: Date;
}

/** The name of a template. It is the `kind` of the mail. */
export type MailTemplateName = keyof MailTemplateData;

/** The surroundings of a template. */
export interface MailContext {
  readonly language: MailLanguage;
  readonly productName: string;
  /** Returns a link below `publicUrl`; the path begins with one `/`. */
  link(path: string, parameters?: Readonly<Record<string, string>>): string;
  /** Returns the date and time in UTC, in the language of the mail. */
  time(instant: Date): string;
}

/** The content of a mail. A line break in the subject becomes a space. */
export interface MailTexts {
  readonly subject: string;
  readonly text: string;
  readonly html?: Html | undefined;
}

/** Writes the content of a mail from its data. */
export type MailTemplate<D> = (data: D, context: MailContext) => MailTexts;

/** Templates that replace the shipped templates of the same name. */
export type MailTemplateOverrides = {
  readonly [K in MailTemplateName]?: MailTemplate<MailTemplateData[K]> | undefined;
};
