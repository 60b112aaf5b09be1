import { availableParallelism } from 'node:os';
import { inspect } from 'node:util';
import { assertKnownSettings } from 'postern/problem';
import { KNOWN_SETTINGS, NO_STRUCTURE } from './password.module-definition.js';
import type { PasswordSettings } from './password.module-definition.js';

/** libuv has four threads. Postern leaves a thread free for files and DNS on every machine. */
const MAX_HASHES_AT_ONCE = 3;

const KNOWN_HASHING_SETTINGS = {
  concurrency: true,
  maximumWaiting: true,
  maximumWaitingPerAccount: true,
  maximumWaitSeconds: true,
} as const;

/**
 * The validated settings of this lib, with every default filled in. Inject them into your hasher or policy.
 * @throws Error at boot, with a message that names the setting and the permitted values
 */
export class CheckedPasswordSettings {
  readonly minimumLength: number;
  readonly maximumBytes: number;
  readonly productName: string;
  readonly blocklist: readonly string[];
  readonly argon2: { readonly memoryKiB: number; readonly iterations: number; readonly parallelism: number };
  readonly hashing: {
    readonly concurrency: number;
    readonly maximumWaiting: number;
    readonly maximumWaitingPerAccount: number;
    readonly maximumWaitSeconds: number;
  };

  constructor(settings: PasswordSettings = {}) {
    assertKnownSettings('PasswordModule', settings, KNOWN_SETTINGS, NO_STRUCTURE);
    const { argon2 = {}, hashing = {} } = settings;
    assertKnownSettings('PasswordModule: "argon2"', argon2, { memoryKiB: true, iterations: true, parallelism: true });
    assertKnownSettings('PasswordModule: "hashing"', hashing, KNOWN_HASHING_SETTINGS);
    this.minimumLength = whole('minimumLength', settings.minimumLength ?? 15, 8, 256);
    this.maximumBytes = whole('maximumBytes', settings.maximumBytes ?? 1024, 64, 4096);
    if (this.maximumBytes < this.minimumLength * 4) {
      throw new Error(
        'PasswordModule: maximumBytes must be at least four times minimumLength, because a character has up to four bytes.',
      );
    }
    this.productName = settings.productName ?? 'Postern';
    this.blocklist = settings.blocklist ?? [];
    const parallelism = whole('argon2.parallelism', argon2.parallelism ?? 1, 1, 255);
    this.argon2 = {
      parallelism,
      memoryKiB: whole('argon2.memoryKiB', argon2.memoryKiB ?? 19_456, 8 * parallelism, 4_194_304),
      iterations: whole('argon2.iterations', argon2.iterations ?? 2, 1, 1000),
    };
    const concurrency = hashing.concurrency ?? Math.min(availableParallelism(), MAX_HASHES_AT_ONCE);
    const maximumWaiting = whole('hashing.maximumWaiting', hashing.maximumWaiting ?? 512, 0, 100_000);
    const perAccount = hashing.maximumWaitingPerAccount ?? Math.min(128, maximumWaiting);
    this.hashing = {
      concurrency: whole('hashing.concurrency', concurrency, 1, 1024),
      maximumWaiting,
      maximumWaitingPerAccount: whole('hashing.maximumWaitingPerAccount', perAccount, 0, maximumWaiting),
      maximumWaitSeconds: whole('hashing.maximumWaitSeconds', hashing.maximumWaitSeconds ?? 10, 1, 600),
    };
  }
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new Error(`PasswordModule: ${name} must be a whole number from ${least} to ${most}, and is ${inspect(value)}.`);
}
