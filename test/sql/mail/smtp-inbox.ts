import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';

/** A mail as the SMTP server received it. */
export interface ReceivedMail {
  readonly to: string;
  readonly subject: string;
  /** The headers with their lines unfolded, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly html: string;
  readonly raw: string;
}

/** A real SMTP server that keeps the mails it receives. */
export class SmtpInbox {
  readonly mails: ReceivedMail[] = [];
  readonly logins: { user: string; password: string; isSecure: boolean }[] = [];
  private readonly server: SMTPServer;

  private constructor(options: SMTPServerOptions, beforeReply: (to: string) => Promise<void>) {
    this.server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      logger: false,
      onAuth: (login, session, callback) => {
        const { username: user, password } = login as { username: string; password: string };
        this.logins.push({ user, password, isSecure: session.secure });
        callback(null, { user });
      },
      onData: (stream, session, callback) => {
        const to = session.envelope.rcptTo.map(({ address }) => address).join(',');
        void this.receive(to, stream, beforeReply).then(() => callback(), callback);
      },
      ...options,
    });
    this.server.on('error', () => undefined);
  }

  /** @param beforeReply runs between the data of a mail and the reply 250 */
  static async open(
    options: SMTPServerOptions = {},
    beforeReply: (to: string) => Promise<void> = async () => undefined,
  ): Promise<SmtpInbox> {
    const inbox = new SmtpInbox(options, beforeReply);
    await new Promise<void>((resolve) => inbox.server.listen(0, '127.0.0.1', resolve));
    return inbox;
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  private async receive(to: string, stream: Readable, beforeReply: (to: string) => Promise<void>): Promise<void> {
    const raw = await text(stream);
    await beforeReply(to);
    this.mails.push(parsed(to, raw));
  }

  async close(): Promise<void> {
    for (const connection of this.server.connections) (connection as { close(): void }).close();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

function parsed(to: string, raw: string): ReceivedMail {
  const { headers, body } = divided(raw);
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '')?.[1];
  const parts = boundary === undefined ? [raw] : body.split(`--${boundary}`).slice(1, -1);
  const ofType = (type: string): string => {
    const part = parts
      .map((each) => divided(each.replace(/^\r?\n/, '')))
      .find((each) => each.headers['content-type']?.startsWith(type));
    return part === undefined ? '' : decodedBody(part.headers['content-transfer-encoding'], part.body);
  };
  return {
    to,
    subject: decodedWords(headers['subject'] ?? ''),
    headers,
    text: ofType('text/plain'),
    html: ofType('text/html'),
    raw,
  };
}

function divided(source: string): { headers: Record<string, string>; body: string } {
  const end = source.indexOf('\r\n\r\n');
  const lines = source
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':', 1)[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { headers, body: source.slice(end + 4) };
}

function decodedBody(encoding: string | undefined, body: string): string {
  if (encoding === 'base64') return unix(Buffer.from(body, 'base64').toString());
  if (encoding === 'quoted-printable') return unix(fromQuoted(body.replaceAll(/=\r\n/g, '')));
  return unix(body);
}

/** RFC 2047 */
function decodedWords(header: string): string {
  return header.replaceAll(/\?=\s+=\?/g, '?==?').replaceAll(/(?:=\?utf-8\?[bq]\?[^?]*\?=)+/gi, (words) => {
    const bytes = [...words.matchAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi)].map(([, kind, part]) =>
      kind!.toLowerCase() === 'b'
        ? Buffer.from(part!, 'base64')
        : Buffer.from(fromQuoted(part!.replaceAll('_', ' '), 'latin1'), 'latin1'),
    );
    return Buffer.concat(bytes).toString();
  });
}

function fromQuoted(source: string, encoding: 'utf8' | 'latin1' = 'utf8'): string {
  const bytes = source.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return encoding === 'latin1' ? bytes : Buffer.from(bytes, 'latin1').toString();
}

const unix = (body: string): string => body.replaceAll('\r\n', '\n');
