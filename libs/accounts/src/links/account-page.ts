import { createHash } from 'node:crypto';
import { html, Html } from 'postern/mail';
import type { MailLanguage } from 'postern/mail';

/** The words of a page. */
export interface AccountPageWords {
  readonly title: string;
  readonly text: string;
  readonly button: string;
  readonly done: string;
}

/** A page that a link in a mail opens. */
export interface AccountPage {
  /** The route that the button calls, relative to the page, so that a prefix of the application stays. */
  readonly action: string;
  readonly words: Readonly<Record<MailLanguage, AccountPageWords>>;
  /** Whether the person chooses a password. */
  readonly hasPassword?: boolean;
}

const STYLE = `
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5 }
output { overflow-wrap: anywhere }
body { margin: 4rem auto; max-width: 28rem; padding: 0 1rem }
h1 { font-size: 1.4rem }
label, input, button, output { display: block; font: inherit; margin-top: 1rem; width: 100%; box-sizing: border-box }
input, button { padding: .6rem }
`;

/**
 * The token is in the fragment, which browsers send to no server. Only a click spends it: scanners that open links of
 * mails do not.
 */
const SCRIPT = `
const form = document.forms[0], output = form.querySelector('output'), button = form.querySelector('button');
const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
history.replaceState(null, '', location.pathname);
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  button.disabled = true;
  output.textContent = '…';
  try {
    const answer = await fetch(form.dataset.action, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...Object.fromEntries(new FormData(form)), token }),
      referrerPolicy: 'no-referrer',
    });
    const body = answer.status === 204 ? {} : await answer.json();
    const problem = answer.ok ? undefined : body;
    output.textContent = problem
      ? [problem.title, ...(problem.errors ?? []).map(({ detail }) => detail)].join(' ')
      : [form.dataset.done, body.access_token].filter(Boolean).join(' ');
    if (answer.ok) form.querySelectorAll('input, label, button').forEach((element) => element.remove());
  } catch (error) {
    output.textContent = String(error.message);
  }
  button.disabled = false;
});
`;

/** The script and the style of the page, requests to this server, and nothing else. */
export const ACCOUNT_PAGE_POLICY = [
  "default-src 'none'",
  `script-src '${digestOf(SCRIPT)}'`,
  `style-src '${digestOf(STYLE)}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Returns the page in a language. */
export function accountPage(page: AccountPage, language: MailLanguage, productName: string): string {
  const { title, text, button, done } = page.words[language];
  const label = { en: 'New password', ko: '새 비밀번호' }[language];
  const noScript = { en: 'This page needs JavaScript.', ko: '이 페이지는 JavaScript가 필요합니다.' }[language];
  const password = html`<label
    >${label}<input name="password" type="password" autocomplete="new-password" required
  /></label>`;
  return String(
    html`<!doctype html>
      <html lang="${language}">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width" />
          <title>${title} · ${productName}</title>
          ${new Html(`<style>${STYLE}</style>`)}
        </head>
        <body>
          <h1>${title}</h1>
          <p>${text}</p>
          <form method="post" data-action="${page.action}" data-done="${done}">
            ${page.hasPassword ? password : ''}
            <button>${button}</button>
            <output role="status"></output>
          </form>
          <noscript>${noScript}</noscript>
          ${new Html(`<script>${SCRIPT}</script>`)}
        </body>
      </html> `,
  );
}

function digestOf(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`;
}
