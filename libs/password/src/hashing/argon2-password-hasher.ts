import { Injectable } from '@nestjs/common';
import { hash, parseOptions, verify } from '@node-rs/argon2';
import type { Options } from '@node-rs/argon2';
import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { PasswordHasher } from './password-hasher.js';

/** `Algorithm.Argon2id`, whose const enum does not exist at run time. */
const ARGON2ID = 2;

/**
 * Hashes with argon2id into the PHC string format.
 * @see RFC 9106 and the OWASP Password Storage Cheat Sheet (m=19456, t=2, p=1)
 */
@Injectable()
export class Argon2PasswordHasher extends PasswordHasher {
  private readonly options: Options;
  /** Every hash of the current cost starts with this prefix. */
  private readonly prefix: string;

  constructor({ argon2 }: CheckedPasswordSettings) {
    super();
    this.options = {
      algorithm: ARGON2ID,
      memoryCost: argon2.memoryKiB,
      timeCost: argon2.iterations,
      parallelism: argon2.parallelism,
    };
    this.prefix = `$argon2id$v=19$m=${argon2.memoryKiB},t=${argon2.iterations},p=${argon2.parallelism}$`;
  }

  async hash(password: string): Promise<string> {
    return hash(password, this.options);
  }

  async verify(stored: string, password: string): Promise<boolean> {
    const matches = await verify(stored, password).catch(() => undefined);
    // An unreadable hash must not answer faster than a wrong password does.
    if (matches === undefined) await hash(password, this.options);
    return matches ?? false;
  }

  needsRehash(stored: string): boolean {
    if (stored.startsWith(this.prefix)) return false;
    const parameters = readable(stored);
    return (
      parameters?.algorithm !== ARGON2ID ||
      parameters.memoryCost !== this.options.memoryCost ||
      parameters.timeCost !== this.options.timeCost ||
      parameters.parallelism !== this.options.parallelism
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
