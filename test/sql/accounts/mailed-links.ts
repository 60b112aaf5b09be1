import type { TestAnswer, TestApplication } from 'postern/testing';
import { until } from '../../support/until.js';
import type { ReceivedMail, SmtpInbox } from '../mail/smtp-inbox.js';

/** Returns the token in the link of a mail. */
export function tokenIn({ text }: Pick<ReceivedMail, 'text'>): string {
  const token = /https?:\/\/\S+#token=([\w-]{43})(?!\S)/.exec(text)?.[1];
  if (token === undefined) throw new Error(`There is not a link in this mail: ${text}`);
  return token;
}

/** A client of the flows, with the mailbox of its users. */
export class MailUser {
  constructor(
    readonly app: TestApplication,
    readonly inbox: SmtpInbox,
  ) {}

  post(path: string, body: unknown, token?: string, headers?: Record<string, string>): Promise<TestAnswer<Body>> {
    return this.app.call<Body>('POST', path, { body, ...(token && { token }), ...(headers && { headers }) });
  }

  /** Waits for the next mail of the kind to the address, and removes it from the inbox. */
  async mail(kind: string, to: string): Promise<ReceivedMail> {
    const { mails } = this.inbox;
    const find = () => mails.findIndex((mail) => mail.headers['x-postern-kind'] === kind && mail.to === to);
    await until(() => find() >= 0);
    return mails.splice(find(), 1)[0]!;
  }

  async token(kind: string, to: string): Promise<string> {
    return tokenIn(await this.mail(kind, to));
  }

  async logIn(email: string, password: string): Promise<string> {
    const { status, body } = await this.post('/auth/login', { email, password });
    if (status !== 200) throw new Error(`${status} ${body.code}`);
    return body.access_token!;
  }
}

interface Body {
  readonly [name: string]: unknown;
  readonly code?: string;
  readonly access_token?: string;
}
