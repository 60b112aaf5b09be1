import { html } from './html.js';
import type { MailContext, MailTexts } from './mail-template.js';

/** The words of a mail. */
export interface Letter {
  readonly subject: string;
  /** Plain text, a string for each paragraph. */
  readonly paragraphs: readonly string[];
  /** A link behind the paragraphs. */
  readonly action?: { readonly label: string; readonly url: string } | undefined;
}

/**
 * Writes the same words as text and as HTML, in the layout of the shipped templates.
 * @example
 * ```ts
 * const template: MailTemplate<{ orderId: string }> = ({ orderId }, context) =>
 *   letter(context, {
 *     subject: 'Your order',
 *     paragraphs: [`We received the order ${orderId}.`],
 *     action: { label: 'Show the order', url: context.link(`/orders/${orderId}`) },
 *   });
 * ```
 */
export function letter(context: MailContext, { subject, paragraphs, action }: Letter): MailTexts {
  const home = context.link('/');
  const text = [
    ...paragraphs,
    ...(action ? [`${action.label}: ${action.url}`] : []),
    `${context.productName} · ${home}`,
  ];
  return {
    subject,
    text: `${text.join('\n\n')}\n`,
    html: html`<!doctype html>
      <html lang="${context.language}">
        <head>
          <meta charset="utf-8" />
          <title>${subject}</title>
        </head>
        <body>
          ${paragraphs.map((paragraph) => html`<p>${paragraph}</p> `)}${action ? [html`<p><a href="${action.url}">${action.label}</a></p> `] : []}
          <p>
            <small><a href="${home}">${context.productName}</a></small>
          </p>
        </body>
      </html> `,
  };
}
