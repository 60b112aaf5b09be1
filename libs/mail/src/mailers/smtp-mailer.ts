import { uuidv7 } from 'postern/persistence';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { Transporter } from 'nodemailer';
import { MailNotSentError, MailRejectedError } from '../mail.errors.js';
import { Mailer } from './mailer.js';
import type { MailMessage } from './mailer.js';
import { smtpConnectionOf } from './smtp-address.js';
import type { SmtpConnection } from './smtp-address.js';

/** The settings of {@link SmtpMailer}. */
export interface SmtpMailerOptions {
  /** `smtp://user:password@host:587`, or `smtps://…:465`. */
  readonly url: string;
  /** The sender: `no-reply@acme.com` or `Acme <no-reply@acme.com>`. */
  readonly from: string;
  /** The time-out of the connection, of the greeting, and of a silent server, each in seconds. Default: 30. */
  readonly timeoutSeconds?: number | undefined;
}

/** A server may send a byte before each time-out. */
const MAX_TIMEOUTS = 3;

/** Sends mail by SMTP with `nodemailer`, each mail by a connection of its own, so that no mail waits for another. */
export class SmtpMailer extends Mailer implements OnModuleInit, OnApplicationShutdown {
  private readonly connection: SmtpConnection;
  private readonly timeout: number;
  private readonly attempts = new Set<AbortController>();
  private transporter: Promise<Transporter> | undefined;

  /** @throws Error without the password, if the address is invalid */
  constructor(private readonly options: SmtpMailerOptions) {
    super();
    this.connection = smtpConnectionOf(options.url);
    this.timeout = (options.timeoutSeconds ?? 30) * 1000;
  }

  /** @throws Error if `nodemailer` is not installed */
  async onModuleInit(): Promise<void> {
    await this.open();
  }

  /** Closes the connections that are still open. */
  onApplicationShutdown(): void {
    this.attempts.forEach((attempt) => attempt.abort());
  }

  /**
   * Resolves when the server has accepted the mail.
   * @throws MailRejectedError if the server rejects the recipient or the mail with a 5xx reply
   * @throws MailNotSentError without the text of the server, which may repeat the mail
   */
  async send({ id = uuidv7(), kind, to, subject, text, html }: MailMessage): Promise<void> {
    const transporter = await this.open();
    const sender = /<([^<>]+)>\s*$/.exec(this.options.from)?.[1] ?? this.options.from.trim();
    const attempt = new AbortController();
    const timer = setTimeout(() => attempt.abort(), MAX_TIMEOUTS * this.timeout).unref();
    this.attempts.add(attempt);
    try {
      await transporter.sendMail({
        from: this.options.from,
        // An object, because a string could name several recipients, also in an envelope.
        to: { name: '', address: to },
        subject,
        text,
        ...(html !== undefined && { html }),
        // The same in each attempt, so that a mailbox can recognise a repetition.
        messageId: `<${id}@${sender.slice(sender.lastIndexOf('@') + 1)}>`,
        // RFC 3834 §5
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Postern-Kind': kind },
        disableFileAccess: true,
        disableUrlAccess: true,
        signal: attempt.signal,
      });
    } catch (error) {
      throw failureOf(error);
    } finally {
      clearTimeout(timer);
      this.attempts.delete(attempt);
    }
  }

  private open(): Promise<Transporter> {
    this.transporter ??= this.create();
    return this.transporter;
  }

  private async create(): Promise<Transporter> {
    // Loaded here, so that an application without `smtpUrl` does not need nodemailer.
    const { createTransport } = await import('nodemailer').catch(() => {
      throw new Error('MailModule: "smtpUrl" needs the package nodemailer: run npm install nodemailer.');
    });
    return createTransport({
      ...this.connection,
      connectionTimeout: this.timeout,
      greetingTimeout: this.timeout,
      socketTimeout: this.timeout,
      dnsTimeout: this.timeout,
    });
  }
}

/** The commands whose rejection is a matter of the mail, and not of the configuration. */
const ABOUT_THE_MAIL = ['EENVELOPE', 'EMESSAGE'];

function failureOf(error: unknown): MailNotSentError | MailRejectedError {
  const { code, responseCode } = error as { code?: unknown; responseCode?: unknown };
  const name = typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code) ? code : 'unknown error';
  const reply = typeof responseCode === 'number' ? ` ${responseCode}` : '';
  const reason = `SMTP failed: ${name}${reply}`;
  const isFinal = ABOUT_THE_MAIL.includes(name) && typeof responseCode === 'number' && responseCode >= 500;
  return isFinal ? new MailRejectedError(reason) : new MailNotSentError(reason);
}
