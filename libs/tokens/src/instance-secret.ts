import { createHash, createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const MIN_BYTES = 32;
const MIN_DIFFERENT_CHARACTERS = 8;

/**
 * Passes only a text that can carry every key derived from it.
 *
 * At least 32 bytes of UTF-8 and at least eight different characters. That the text was made by chance and not by a
 * person cannot be seen from it.
 *
 * @param secret the text as configured
 * @param name what the setting is called, for the sentence of the error
 * @throws Error with a sentence that says what to write; the secret is never part of it
 */
export function assertStrongSecret(secret: string, name = 'secret'): void {
  if (typeof secret !== 'string' || Buffer.byteLength(secret) < MIN_BYTES) {
    throw new Error(`${name} must be at least ${MIN_BYTES} bytes of text; make one with: openssl rand -base64 48`);
  }
  if (new Set(secret).size < MIN_DIFFERENT_CHARACTERS) {
    throw new Error(`${name} repeats a few characters; make a random one with: openssl rand -base64 48`);
  }
}

/**
 * The one secret of an instance, and every key that is derived from it.
 *
 * A purpose has a key of its own (HKDF-SHA256), so that what one part of the server holds tells nothing about the
 * keys of another. While the secret is being changed the previous ones stay readable through {@link deriveAll}.
 *
 * @example
 * ```ts
 * const key = secret.derive('refresh-token');
 * createHmac('sha256', key).update(message).digest();
 * ```
 * @see RFC 5869
 */
export class InstanceSecret {
  /** Tells which secret wrapped a record: a short hash of a derived value, never of the secret itself. */
  readonly id: string;

  readonly #secrets: readonly Generation[];

  /**
   * @param current the secret that everything new is made with
   * @param previous further secrets, only read with: the one to come, or those before it
   * @throws Error when one of them is weak or is named twice
   */
  constructor(current: string, previous: readonly string[] = []) {
    assertStrongSecret(current, 'secret');
    previous.forEach((secret, index) => assertStrongSecret(secret, `previousSecrets[${index}]`));
    if (new Set([current, ...previous]).size !== previous.length + 1) {
      throw new Error('previousSecrets names a secret twice, or the current one; name each of the others once');
    }
    this.#secrets = [current, ...previous].map((secret) => new Generation(secret));
    this.id = this.#secrets[0]!.id;
  }

  /**
   * The 256-bit key for a purpose, always the same for the same secret, purpose and salt.
   *
   * @param purpose a short name, the part of the server that uses the key, e.g. `refresh-token`
   */
  derive(purpose: string, salt?: Buffer): KeyObject {
    return this.#secrets[0]!.derive(purpose, salt);
  }

  /** The keys for a purpose under the current secret, first, and under each previous one: for what must still be read. */
  deriveAll(purpose: string, salt?: Buffer): KeyObject[] {
    return this.#secrets.map((secret) => secret.derive(purpose, salt));
  }

  /** The key for a purpose under the secret with this id; `undefined` when that secret was not given. */
  deriveFor(id: string, purpose: string, salt?: Buffer): KeyObject | undefined {
    return this.#secrets.find((secret) => secret.id === id)?.derive(purpose, salt);
  }

  /** Says nothing: a secret that ends up in a log by mistake must not be readable there. */
  toJSON(): string {
    return '[InstanceSecret]';
  }
}

class Generation {
  readonly id: string;
  readonly #input: KeyObject;
  readonly #derived = new Map<string, KeyObject>();

  constructor(secret: string) {
    this.#input = createSecretKey(Buffer.from(secret, 'utf8'));
    this.id = createHash('sha256').update(this.derive('secret-id').export()).digest('base64url').slice(0, 16);
  }

  derive(purpose: string, salt?: Buffer): KeyObject {
    // Salts may be as many as there are rows: only the keys without one are remembered.
    const remembered = salt ? undefined : this.#derived.get(purpose);
    if (remembered) return remembered;
    const bytes = hkdfSync('sha256', this.#input, salt ?? Buffer.alloc(0), `postern/${purpose}`, 32);
    const key = createSecretKey(Buffer.from(bytes));
    if (!salt) this.#derived.set(purpose, key);
    return key;
  }
}
