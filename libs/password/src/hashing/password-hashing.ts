import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { Injectable } from '@nestjs/common';
import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { clientNetworkOf } from './client-network.js';
import { DummyHashes } from './dummy-hashes.js';
import { FairQueue } from './fair-queue.js';
import { PasswordHasher } from './password-hasher.js';
import { HashingOverloadedError } from '../password.errors.js';
import { ResultGroups } from './result-groups.js';

/** A client that repeats a rejected request at once would otherwise take the event loop from all others. */
const REJECTION_DELAY_SECONDS = 2;

/** Whose password is verified, and for which client. The waiting places are shared fairly by both. */
export interface PasswordAttempt {
  /** The id of the user, or the normalized e-mail address if no user has it. Empty: none is known. */
  readonly account: string;
  /** The IP address of the client. Undefined: no client, such as a command or an import; all of these count as one client. */
  readonly ipAddress?: string | undefined;
}

/**
 * Hashes and verifies by the `PasswordHasher`: a bounded number at once, in a fair order, and at a cost that does not tell
 * whether there is an account.
 */
@Injectable()
export class PasswordHashing {
  private readonly queue: FairQueue;

  constructor(
    private readonly hasher: PasswordHasher,
    private readonly dummies: DummyHashes,
    { hashing }: CheckedPasswordSettings,
  ) {
    const limits = { ...hashing, rejectionDelaySeconds: REJECTION_DELAY_SECONDS };
    const results = new ResultGroups(hashing.concurrency < availableParallelism());
    this.queue = new FairQueue(limits, () => new HashingOverloadedError(), results);
  }

  /**
   * The hash of a new password, for the client at `ipAddress`.
   * @throws HashingOverloadedError
   */
  async hash(text: string, ipAddress?: string): Promise<string> {
    // It guesses at no account: the places of an account do not count.
    return this.queue.run(keysOf({ account: randomUUID(), ipAddress }), () => this.hasher.hash(text));
  }

  /**
   * Whether `hash` was made of this password. Without a hash the answer is no, at the cost of a stored one.
   * @throws HashingOverloadedError
   */
  async verify(hash: string | undefined, text: string, attempt: PasswordAttempt): Promise<boolean> {
    // Chosen in every case, so that the choice takes no time that tells something.
    const dummy = await this.dummies.hashFor(attempt.account);
    const matches = await this.queue.run(keysOf(attempt), () => this.hasher.verify(hash ?? dummy, text));
    return matches && hash !== undefined;
  }

  /** Whether `hash` was made with other parameters than those of today. */
  needsRehash(hash: string): boolean {
    return this.hasher.needsRehash(hash);
  }
}

const keysOf = ({ account, ipAddress }: PasswordAttempt) => ({ account, network: clientNetworkOf(ipAddress) });
