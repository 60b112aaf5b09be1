import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { hash, parseOptions, verify, type Options } from '@node-rs/argon2';
import { CheckedPasswordSettings } from './checked-password-settings.js';
import { PasswordHasher } from './password-hasher.js';
import { HashingOverloadedError } from './password.errors.js';
import { Semaphore } from './semaphore.js';

/** `Algorithm.Argon2id`, whose const enum does not exist at run time. */
const ARGON2ID = 2;

/**
 * Hashes with argon2id into the PHC string format. Only as many hashes run at once as the settings allow; the
 * others wait in a bounded queue, so that a storm of logins starves neither libuv's threads nor the memory.
 * @see RFC 9106 and the OWASP Password Storage Cheat Sheet (m=19456, t=2, p=1)
 */
@Injectable()
export class Argon2PasswordHasher extends PasswordHasher {
  readonly #options: Options;
  /** What each hash of the current cost begins with. */
  readonly #beginning: string;
  readonly #slots: Semaphore;

  constructor(settings: CheckedPasswordSettings) {
    super();
    const { argon2, hashing } = settings;
    this.#options = {
      algorithm: ARGON2ID,
      memoryCost: argon2.memoryKiB,
      timeCost: argon2.iterations,
      parallelism: argon2.parallelism,
    };
    this.#beginning = `$argon2id$v=19$m=${argon2.memoryKiB},t=${argon2.iterations},p=${argon2.parallelism}$`;
    this.#slots = new Semaphore(
      hashing.concurrency,
      { maximumWaiting: hashing.maximumWaiting, maximumWaitMilliseconds: hashing.maximumWaitSeconds * 1000 },
      () => new HashingOverloadedError(),
      hashing.concurrency < availableParallelism(),
    );
  }

  async hash(password: string): Promise<string> {
    return this.#slots.run(() => hash(password, this.#options));
  }

  async verify(stored: string, password: string): Promise<boolean> {
    return this.#slots.run(async () => {
      const matches = await verify(stored, password).catch(() => undefined);
      // An unreadable hash proves nothing, and must not answer faster than a wrong password does.
      if (matches === undefined) await hash(password, this.#options);
      return matches ?? false;
    });
  }

  needsRehash(stored: string): boolean {
    if (stored.startsWith(this.#beginning)) return false;
    const made = readable(stored);
    return (
      made?.algorithm !== ARGON2ID ||
      made.memoryCost !== this.#options.memoryCost ||
      made.timeCost !== this.#options.timeCost ||
      made.parallelism !== this.#options.parallelism
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
