import { createHash } from 'node:crypto';
import { html, Html } from '../templates/html.js';
import { linksIn } from './mailbox.js';
import type { MailboxEntry } from './mailbox.js';

const STYLE = `
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5 }
body { margin: 2rem auto; max-width: 48rem; padding: 0 1rem }
article { border: 1px solid #8886; border-radius: 8px; margin: 1rem 0; padding: 1rem }
h2 { font-size: 1.1rem; margin: 0 }
dl { color: #777; display: grid; font-size: .85rem; gap: 0 1rem; grid-template-columns: auto 1fr; margin: .5rem 0 }
dd { margin: 0 }
pre { font: inherit; margin: 0; overflow-wrap: anywhere; white-space: pre-wrap }
iframe { background: #fff; border: 1px solid #8886; height: 20rem; margin-top: .5rem; width: 100% }
summary { cursor: pointer; margin-top: .75rem }
`;

/** No script, no request, no frame around the page. The frames of the page get the same policy. */
export const MAILBOX_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Returns the page of the mailbox. Links open in a new tab, without a referrer. */
export function mailboxPage(entries: readonly MailboxEntry[]): string {
  return String(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width" />
          <meta name="referrer" content="no-referrer" />
          <title>Mailbox (${entries.length})</title>
          ${new Html(`<style>${STYLE}</style>`)}
        </head>
        <body>
          <h1>Mailbox</h1>
          <p>
            The mails of the last day, newest first. This page exists only outside production.
            <a href="mailbox.json">As JSON</a>
          </p>
          ${entries.length === 0 ? html`<p>No mail yet.</p>` : entries.map(articleOf)}
        </body>
      </html> `,
  );
}

function articleOf(mail: MailboxEntry): Html {
  const failed = mail.lastError === null ? '' : ` · last attempt: ${mail.lastError}`;
  const state =
    mail.sentAt === null ? `waiting · attempts: ${mail.attempts}${failed}` : `sent ${mail.sentAt.toISOString()}`;
  return html`<article id="${mail.id}">
    <h2>${mail.subject}</h2>
    <dl>
      <dt>To</dt>
      <dd>${mail.to}</dd>
      <dt>Kind</dt>
      <dd>${mail.kind}</dd>
      <dt>State</dt>
      <dd>${state}</dd>
    </dl>
    <pre>${linked(mail.text)}</pre>
    ${mail.html === null ? '' : htmlOf(mail.html)}
  </article> `;
}

/** The sandbox runs no script, and its links open in a new tab. */
function htmlOf(mail: string): Html {
  return html`<details>
    <summary>HTML</summary>
    <iframe
      title="HTML"
      sandbox="allow-popups allow-popups-to-escape-sandbox"
      srcdoc="${`<base target="_blank">${mail}`}"
    ></iframe>
  </details>`;
}

function linked(text: string): Html {
  const parts: (Html | string)[] = [];
  let end = 0;
  for (const { url, index } of linksIn(text)) {
    parts.push(text.slice(end, index), html`<a href="${url}" target="_blank" rel="noopener noreferrer">${url}</a>`);
    end = index + url.length;
  }
  return html`${[...parts, text.slice(end)].map((part) => html`${part}`)}`;
}
