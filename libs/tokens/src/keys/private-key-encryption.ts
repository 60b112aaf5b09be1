import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InstanceSecret } from '../instance-secret.js';

const PURPOSE = 'signing-keys';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypted private key material, as stored in the database. */
export interface WrappedKey {
  /** Nonce, ciphertext, tag. */
  readonly privateEncrypted: Buffer;
  readonly secretId: string;
}

/**
 * Encrypts private keys under the instance secret, with the `kid` as additional data, so that a stolen row is useless.
 */
@Injectable()
export class PrivateKeyEncryption {
  constructor(private readonly secret: InstanceSecret) {}

  /** Encrypts under the current secret. */
  wrap(kid: string, material: Buffer): WrappedKey {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.secret.derive(PURPOSE), nonce).setAAD(Buffer.from(kid));
    const encrypted = [nonce, cipher.update(material), cipher.final(), cipher.getAuthTag()];
    return { privateEncrypted: Buffer.concat(encrypted), secretId: this.secret.id };
  }

  /**
   * Decrypts a private key; empty if the private key was erased.
   *
   * @throws Error when the row was not encrypted by this instance, or under a secret that is not configured
   */
  unwrap(kid: string, { privateEncrypted, secretId }: WrappedKey): Buffer {
    const key = this.secret.deriveFor(secretId, PURPOSE);
    if (!key) throw new Error(`signing key ${kid} is encrypted under another secret (${secretId})`);
    if (privateEncrypted.length < NONCE_BYTES + TAG_BYTES) throw new Error(`signing key ${kid} is truncated`);
    const decipher = createDecipheriv('aes-256-gcm', key, privateEncrypted.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(kid))
      .setAuthTag(privateEncrypted.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(privateEncrypted.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  }

  /** Whether the row is encrypted under another secret than the current one. */
  isOutdated(wrapped: { readonly secretId: string | null }): boolean {
    return wrapped.secretId !== null && wrapped.secretId !== this.secret.id;
  }

  /** Whether the secret of this row is configured. */
  canOpen(wrapped: { readonly secretId: string | null }): boolean {
    return wrapped.secretId !== null && this.secret.deriveFor(wrapped.secretId, PURPOSE) !== undefined;
  }

  /** Whether the private key was erased. */
  static isEmpty(privateEncrypted: Buffer | null): boolean {
    return privateEncrypted === null || privateEncrypted.length <= NONCE_BYTES + TAG_BYTES;
  }
}
