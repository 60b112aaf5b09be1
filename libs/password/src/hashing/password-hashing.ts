import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { clientNetworkOf } from 'postern/limits';
import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { DummyHashes } from './dummy-hashes.js';
import { FairQueue } from './fair-queue.js';
import { isForeignHash, readForeignHash } from '../foreign-hashes/foreign-hashes.js';
import { PasswordHasher } from './password-hasher.js';
import { HashingOverloadedError } from '../password.errors.js';
import type { TruncationRules } from '../foreign-hashes/foreign-hash.js';
import { ResultGroups } from './result-groups.js';

/** Without the delay, a client that repeats rejected requests at once would saturate the event loop. */
const REJECTION_DELAY_SECONDS = 2;

/** The account and the client of a verification. The queue shares its places fairly by both. */
export interface PasswordAttempt {
  /** The id of the user, or the normalised e-mail address if the user does not exist. Empty if unknown. */
  readonly account: string;
  /** The IP address of the client. All calls without an address, such as imports, count as one client. */
  readonly ipAddress?: string | undefined;
}

/**
 * Hashes and verifies with the `PasswordHasher`: a bounded number at once, in a fair order, and at the same cost with
 * and without an account.
 */
@Injectable()
export class PasswordHashing {
  private readonly queue: FairQueue;
  private readonly rules: TruncationRules;

  constructor(
    private readonly hasher: PasswordHasher,
    private readonly dummies: DummyHashes,
    { hashing, acceptsTruncatedBcrypt }: CheckedPasswordSettings,
  ) {
    this.rules = { acceptsTruncatedBcrypt };
    const limits = { ...hashing, rejectionDelaySeconds: REJECTION_DELAY_SECONDS };
    const results = new ResultGroups(hashing.concurrency < availableParallelism());
    this.queue = new FairQueue(limits, () => new HashingOverloadedError(), results);
  }

  /**
   * Hashes a new password for the client at `ipAddress`.
   * @throws HashingOverloadedError
   */
  async hash(text: string, ipAddress?: string): Promise<string> {
    // A new password attacks no account, so it must not use up the places of an account.
    return this.queue.run(keysOf({ account: randomUUID(), ipAddress }), () => this.hasher.hash(text));
  }

  /**
   * Returns whether `hash` is a hash of this password. Without a hash, it verifies a dummy hash and returns `false`.
   * @param typed the password before the normalisation, for hashes of other systems; by default `text`
   * @throws HashingOverloadedError
   */
  async verify(hash: string | undefined, text: string, attempt: PasswordAttempt, typed = text): Promise<boolean> {
    // Select the dummy in both cases, so that the selection takes the same time.
    const dummy = await this.dummies.hashFor(attempt.account);
    const matches = await this.queue.run(keysOf(attempt), () => this.matches(hash ?? dummy, text, typed));
    return matches && hash !== undefined;
  }

  /** Returns whether `hash` has other parameters than the current ones. */
  needsRehash(hash: string): boolean {
    return isForeignHash(hash) || this.hasher.needsRehash(hash);
  }

  /** Verifies a hash of another system exactly as that system does, without the normalisation of Postern. */
  private matches(hash: string, text: string, typed: string): Promise<boolean> {
    const verify = isForeignHash(hash) ? readForeignHash(hash) : undefined;
    return verify === undefined ? this.hasher.verify(hash, text) : verify(typed, this.rules);
  }
}

const keysOf = ({ account, ipAddress }: PasswordAttempt) => ({ account, network: clientNetworkOf(ipAddress) });
