import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { MailUnreadableError } from '../mail.errors.js';
import type { MailMessage } from '../mailers/mailer.js';

/** The part of a mail that is encrypted in the database. */
export type MailContent = Pick<MailMessage, 'to' | 'subject' | 'text' | 'html'>;

const CIPHER = 'aes-256-gcm';
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MIN_SECRET_BYTES = 32;

/**
 * Encrypts the mails that wait in the database: a copy of the database contains no link that can be presented. The key
 * is derived from the instance secret (HKDF-SHA256), and the id of the mail is authenticated with its content.
 */
export class SealedContent {
  private readonly keys: readonly KeyObject[];

  /** @throws Error if a secret is too short */
  constructor(secret: string, previousSecrets: readonly string[] = []) {
    this.keys = [secret, ...previousSecrets].map((text) => {
      if (typeof text !== 'string' || Buffer.byteLength(text) < MIN_SECRET_BYTES) {
        throw new Error(
          `MailModule: "secret" must be at least ${MIN_SECRET_BYTES} bytes of text; generate it with: openssl rand -base64 48`,
        );
      }
      return createSecretKey(Buffer.from(hkdfSync('sha256', text, '', 'postern mail outbox', 32)));
    });
  }

  /** Encrypts with the current secret. */
  seal(id: string, content: MailContent): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.keys[0]!, nonce).setAAD(Buffer.from(id));
    const { to, subject, text, html } = content;
    const sealed = Buffer.concat([cipher.update(JSON.stringify({ to, subject, text, html }), 'utf8'), cipher.final()]);
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), sealed]);
  }

  /** @throws MailUnreadableError if no secret fits */
  open(id: string, bytes: Buffer): MailContent {
    for (const key of bytes[0] === VERSION ? this.keys : []) {
      try {
        const nonce = bytes.subarray(1, 1 + NONCE_BYTES);
        const tag = bytes.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES);
        const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(id)).setAuthTag(tag);
        const sealed = bytes.subarray(1 + NONCE_BYTES + TAG_BYTES);
        return JSON.parse(Buffer.concat([decipher.update(sealed), decipher.final()]).toString()) as MailContent;
      } catch {
        // The tag does not fit this key: try the next secret.
      }
    }
    throw new MailUnreadableError();
  }
}
