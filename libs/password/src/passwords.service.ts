import { Injectable, Logger } from '@nestjs/common';
import { Database, uuidv7 } from 'postern/persistence';
import type { Precondition } from 'postern/sessions';
import { CheckedPasswordSettings } from './checked-password-settings.js';
import { PasswordCredential, passwordHash } from './password-credential.entity.js';
import { PasswordHashing } from './hashing/password-hashing.js';
import type { PasswordAttempt } from './hashing/password-hashing.js';
import type { PasswordContext } from './policies/password-policy.js';
import { PasswordPolicies } from './policies/password-policies.js';
import { passwordText } from './policies/password-text.js';

/** A password that has passed every rule and is hashed: what `PasswordsService.set` stores. Made by `prepare` only. */
export class PreparedPassword {
  /** @internal */
  constructor(readonly hash: string) {}
}

/** The hash of a user's password as it was read, proven or not. */
export interface StoredPassword {
  /** Whose password; UUID. */
  readonly userId: string;
  readonly hash: string;
}

/** That a user knew the password, at the moment of asking. */
export interface PasswordProof {
  /** Whose password; UUID. */
  readonly userId: string;
  /** The stored hash that was proven: it tells later whether the password is still the same one. */
  readonly hash: string;
}

/**
 * The passwords of users: prepared, stored, verified. Hashing never happens inside a transaction that this
 * service opens, so that no connection waits for it; do not call `prepare`, `prove`, `verify` or `refresh` inside yours.
 */
@Injectable()
export class PasswordsService {
  private readonly logger = new Logger(PasswordsService.name);

  constructor(
    private readonly database: Database,
    private readonly hashing: PasswordHashing,
    private readonly rules: PasswordPolicies,
    private readonly settings: CheckedPasswordSettings,
  ) {}

  /**
   * Checks a new password against every rule and hashes it.
   * @param pointer where it stands in the request (RFC 6901), for the answer
   * @param ipAddress of the client, by which the hashing queue is shared; leave it out where no client asks
   * @throws PasswordRejectedError with all violations together; HashingOverloadedError
   */
  async prepare(
    password: string,
    context: PasswordContext,
    pointer = '/password',
    ipAddress?: string,
  ): Promise<PreparedPassword> {
    const text = await this.rules.accept(password, context, pointer);
    return new PreparedPassword(await this.hashing.hash(text, ipAddress));
  }

  /** Stores the password of a user, in place of the one before it. Joins the ambient transaction. */
  async set(userId: string, prepared: PreparedPassword): Promise<void> {
    const row = { userId, hash: prepared.hash, changedAt: new Date() };
    await this.database.manager.upsert(PasswordCredential, row, ['userId']);
  }

  /**
   * Stores the password of a user only if the proven one is still the current one. Call it inside a transaction.
   * @returns whether it was; when not, another change has come in between
   */
  async replace(proof: PasswordProof, prepared: PreparedPassword): Promise<boolean> {
    const changes = { hash: prepared.hash, changedAt: new Date() };
    // The user before the password, as whoever deletes the user locks them: otherwise each could wait for the other.
    await this.database.manager.query('SELECT 1 FROM users WHERE id = $1 FOR SHARE', [proof.userId]);
    const { affected } = await this.database.manager.update(PasswordCredential, { ...proof }, changes);
    return affected === 1;
  }

  /**
   * The proof that this user knows the password, or `undefined`. Without a user, without a password set and with a
   * password over the byte limit it does the same work: one query and one stored hash.
   * @param ipAddress of the client, by which the hashing queue is shared
   * @throws HashingOverloadedError
   */
  async prove(userId: string | undefined, password: string, ipAddress?: string): Promise<PasswordProof | undefined> {
    const id = userId ?? uuidv7();
    const hash = await this.hashOf(id);
    const attempt = { account: userId ?? '', ipAddress };
    return this.proveAgainst(hash === undefined ? undefined : { userId: id, hash }, password, attempt);
  }

  /**
   * The same for a hash that was read already, such as together with its user; `undefined` if there is none. It verifies one
   * stored hash in every case.
   * @param attempt name the account also if it does not exist: the same account always takes the same time
   * @throws HashingOverloadedError
   */
  async proveAgainst(
    stored: StoredPassword | undefined,
    password: string,
    attempt: PasswordAttempt = { account: stored?.userId ?? '' },
  ): Promise<PasswordProof | undefined> {
    const text = passwordText(password, this.settings.maximumBytes);
    const matches = await this.hashing.verify(stored?.hash, text ?? '', attempt);
    return matches && stored && text !== undefined ? { userId: stored.userId, hash: stored.hash } : undefined;
  }

  /** Whether this is the user's password; `ipAddress` as for `prove`. @throws HashingOverloadedError */
  async verify(userId: string, password: string, ipAddress?: string): Promise<boolean> {
    return (await this.prove(userId, password, ipAddress)) !== undefined;
  }

  /** What must still be true when a session begins by this proof: that the password was not changed since. */
  currentHashPrecondition({ hash }: PasswordProof): Precondition {
    return { column: passwordHash, value: hash };
  }

  /**
   * Hashes a verified password again if the parameters have changed since. A password that was changed meanwhile stays
   * as it is, and a failure is logged, not thrown: the old hash is still valid.
   */
  async refresh(proof: PasswordProof, password: string, ipAddress?: string): Promise<void> {
    if (!this.hashing.needsRehash(proof.hash)) return;
    try {
      const hash = await this.hashing.hash(password.normalize('NFKC'), ipAddress);
      await this.database.manager.update(PasswordCredential, { ...proof }, { hash });
    } catch (error) {
      this.logger.warn(
        `A password could not be hashed again: ${error instanceof Error ? error.name : 'unknown error'}`,
      );
    }
  }

  private async hashOf(userId: string): Promise<string | undefined> {
    // Plain SQL: TypeORM's builder costs more than the query.
    const rows = await this.database.manager.query<{ hash: string }[]>(passwordHash.queryFor('$1'), [userId]);
    return rows[0]?.hash;
  }
}
