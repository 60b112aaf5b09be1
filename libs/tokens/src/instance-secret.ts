import { createHash, createSecretKey, hkdfSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const MIN_BYTES = 32;
const MIN_DIFFERENT_CHARACTERS = 8;

/**
 * Requires at least 32 bytes of UTF-8 and at least eight different characters. It cannot check that the secret is
 * random.
 *
 * @param secret the configured secret
 * @param name the name of the setting, for the error
 * @throws Error that says what to configure, without the secret
 */
export function assertStrongSecret(secret: string, name = 'secret'): void {
  if (typeof secret !== 'string' || Buffer.byteLength(secret) < MIN_BYTES) {
    throw new Error(`${name} must be at least ${MIN_BYTES} bytes of text; generate it with: openssl rand -base64 48`);
  }
  if (new Set(secret).size < MIN_DIFFERENT_CHARACTERS) {
    throw new Error(`${name} repeats a few characters; generate a random one with: openssl rand -base64 48`);
  }
}

/**
 * The secret of an instance, and the keys that are derived from it.
 *
 * Each purpose has its own key (HKDF-SHA256), so that a key of one purpose reveals nothing about the others. While the
 * secret is changed, {@link deriveAll} also derives the keys of the previous secrets.
 *
 * @example
 * ```ts
 * const key = secret.derive('refresh-token');
 * createHmac('sha256', key).update(message).digest();
 * ```
 * @see RFC 5869
 */
export class InstanceSecret {
  /** Identifies the secret that encrypted a record: a short hash of a derived key, never of the secret itself. */
  readonly id: string;

  readonly #secrets: readonly Generation[];

  /**
   * @param current the secret that encrypts and signs
   * @param previous secrets that only decrypt and verify: the next secret, or former ones
   * @throws Error when a secret is weak or is configured twice
   */
  constructor(current: string, previous: readonly string[] = []) {
    assertStrongSecret(current, 'secret');
    previous.forEach((secret, index) => assertStrongSecret(secret, `previousSecrets[${index}]`));
    if (new Set([current, ...previous]).size !== previous.length + 1) {
      throw new Error('previousSecrets names a secret twice, or the current one; name each other secret once');
    }
    this.#secrets = [current, ...previous].map((secret) => new Generation(secret));
    this.id = this.#secrets[0]!.id;
  }

  /**
   * The 256-bit key for a purpose, always the same for the same secret, purpose and salt.
   *
   * @param purpose a short name for the use of the key, e.g. `refresh-token`
   */
  derive(purpose: string, salt?: Buffer): KeyObject {
    return this.#secrets[0]!.derive(purpose, salt);
  }

  /** The keys for a purpose: the key of the current secret first, then those of the previous secrets. */
  deriveAll(purpose: string, salt?: Buffer): KeyObject[] {
    return this.#secrets.map((secret) => secret.derive(purpose, salt));
  }

  /** The key for a purpose under the secret with this id; `undefined` if that secret is not configured. */
  deriveFor(id: string, purpose: string, salt?: Buffer): KeyObject | undefined {
    return this.#secrets.find((secret) => secret.id === id)?.derive(purpose, salt);
  }

  /** Hides the secret if an object with it is logged by mistake. */
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
    // There may be a salt per row: only keys without a salt are cached.
    const cached = salt ? undefined : this.#derived.get(purpose);
    if (cached) return cached;
    const bytes = hkdfSync('sha256', this.#input, salt ?? Buffer.alloc(0), `postern/${purpose}`, 32);
    const key = createSecretKey(Buffer.from(bytes));
    if (!salt) this.#derived.set(purpose, key);
    return key;
  }
}
