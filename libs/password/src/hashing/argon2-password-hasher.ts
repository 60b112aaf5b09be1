import { Injectable, Logger } from '@nestjs/common';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import type { Options } from '@node-rs/argon2';
import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { PasswordHasher } from './password-hasher.js';
import { Peppers, withKeyId, withoutKeyId } from './peppers.js';

/** `Algorithm.Argon2id`, whose const enum does not exist at run time. */
const ARGON2ID = 2;

/**
 * Hashes with argon2id into the PHC string format, with the pepper of the settings as the secret value.
 * @see RFC 9106 and the OWASP Password Storage Cheat Sheet (m=19456, t=2, p=1)
 */
@Injectable()
export class Argon2PasswordHasher extends PasswordHasher {
  private readonly logger = new Logger(Argon2PasswordHasher.name);
  private readonly options: Options;
  /** Every hash of the current cost and pepper starts with this prefix. */
  private readonly prefix: string;
  private readonly reported = new Set<string>();

  constructor(
    { argon2 }: CheckedPasswordSettings,
    private readonly peppers: Peppers = new Peppers(),
  ) {
    super();
    this.options = {
      algorithm: ARGON2ID,
      memoryCost: argon2.memoryKiB,
      timeCost: argon2.iterations,
      parallelism: argon2.parallelism,
    };
    const { current } = peppers;
    const parameters = `m=${argon2.memoryKiB},t=${argon2.iterations},p=${argon2.parallelism}`;
    this.prefix = `$argon2id$v=19$${parameters}${current ? `,keyid=${current.keyId}` : ''}$`;
  }

  async hash(password: string): Promise<string> {
    const { current } = this.peppers;
    if (current === undefined) return hash(password, this.options);
    return withKeyId(await hash(password, { ...this.options, secret: current.key }), current.keyId);
  }

  async verify(stored: string, password: string): Promise<boolean> {
    const { hash: bare, keyId } = withoutKeyId(stored);
    const pepper = keyId === undefined ? undefined : this.peppers.find(keyId);
    if (keyId !== undefined && pepper === undefined) this.reportUnknown(keyId);
    // Without its pepper, a hash matches no password, after the same time.
    const matches = await verify(bare, password, pepper && { secret: pepper.key }).catch(() => undefined);
    // An unreadable hash must not answer faster than a wrong password does.
    if (matches === undefined) await hash(password, this.options);
    return matches ?? false;
  }

  needsRehash(stored: string): boolean {
    if (stored.startsWith(this.prefix)) return false;
    const { hash: bare, keyId } = withoutKeyId(stored);
    const parameters = readable(bare);
    return (
      keyId !== this.peppers.current?.keyId ||
      parameters?.algorithm !== ARGON2ID ||
      parameters.memoryCost !== this.options.memoryCost ||
      parameters.timeCost !== this.options.timeCost ||
      parameters.parallelism !== this.options.parallelism
    );
  }

  private reportUnknown(keyId: string): void {
    if (this.reported.has(keyId)) return;
    this.reported.add(keyId);
    this.logger.error(
      `A stored password needs a pepper that is missing (keyid ${keyId}), so its user cannot log in: add the pepper to previousPeppers.`,
    );
  }
}

function readable(stored: string): ReturnType<typeof parseOptions> | undefined {
  try {
    return parseOptions(stored);
  } catch {
    return undefined;
  }
}
