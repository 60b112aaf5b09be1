import { Injectable, Logger } from '@nestjs/common';
import { Database, Events, uuidv7 } from 'postern/persistence';
import { SessionsService } from 'postern/sessions';
import type { Precondition } from 'postern/sessions';
import { PasswordChanged } from './password.events.js';
import { PasswordCredential, passwordHash } from './password-credential.entity.js';
import { PasswordHashing } from './hashing/password-hashing.js';
import type { PasswordAttempt } from './hashing/password-hashing.js';
import type { PasswordContext } from './policies/password-policy.js';
import { PasswordPolicies } from './policies/password-policies.js';

/** A new row has no `xmax`; TypeORM's `upsert` does not return whether a row existed. */
const UPSERT = `INSERT INTO password_credentials (user_id, hash, changed_at) VALUES ($1, $2, $3)
  ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at
  RETURNING xmax <> 0 AS replaces`;

/** The hash of a password that complies with every policy. Only `PasswordsService.prepare` creates it. */
export class PreparedPassword {
  /** @internal */
  constructor(readonly hash: string) {}
}

/** The password hash of a user as read from the database. */
export interface StoredPassword {
  /** The id of the user (UUID). */
  readonly userId: string;
  readonly hash: string;
}

/** The result of a successful verification of a password. */
export interface PasswordProof {
  /** The id of the user (UUID). */
  readonly userId: string;
  /** The verified hash. A later comparison detects a change of the password. */
  readonly hash: string;
}

/**
 * Hashes, stores and verifies the passwords of users. Do not call the methods that hash inside a transaction: the
 * connection would wait for the hash.
 */
@Injectable()
export class PasswordsService {
  private readonly logger = new Logger(PasswordsService.name);

  constructor(
    private readonly database: Database,
    private readonly hashing: PasswordHashing,
    private readonly rules: PasswordPolicies,
    private readonly sessions: SessionsService,
    private readonly events: Events,
  ) {}

  /**
   * Validates a new password against every policy and hashes it.
   * @param pointer the JSON pointer (RFC 6901) of the password in the request
   * @param ipAddress the address of the client, for the hashing queue; omit it if there is no client
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

  /**
   * Stores the password of a user. If it replaces a password, it ends all sessions of the user, as a change of the
   * password by the user does, and publishes `PasswordChanged`, which notifies the user by mail. The first password of
   * a user does neither. Joins the current transaction, so that the sessions end together with the old password.
   *
   * @param acceptLanguage `Accept-Language` of the request, for the language of the notice
   * @returns whether it replaced a password
   */
  async set(userId: string, prepared: PreparedPassword, acceptLanguage?: string): Promise<boolean> {
    return this.database.transaction(async () => {
      if (!(await this.upsert(userId, prepared))) return false;
      await this.sessions.revokeAll(userId, { reason: 'password-changed' });
      this.events.publish(new PasswordChanged(userId, acceptLanguage));
      return true;
    });
  }

  /**
   * Stores the password of a user only if the verified password is still current. Call it inside a transaction.
   * @returns `false` if another change came first
   */
  async replace(proof: PasswordProof, prepared: PreparedPassword): Promise<boolean> {
    const changes = { hash: prepared.hash, changedAt: new Date() };
    // Lock the user before the password, in the order of a user deletion, to avoid a deadlock.
    await this.database.manager.query('SELECT 1 FROM users WHERE id = $1 FOR SHARE', [proof.userId]);
    const { affected } = await this.database.manager.update(PasswordCredential, { ...proof }, changes);
    return affected === 1;
  }

  /**
   * Verifies the password of the user; `undefined` if it is wrong. Each failure costs one query and one stored hash,
   * also without a user, without a stored password, and for a password above the byte limit.
   * @param ipAddress the address of the client, for the hashing queue
   * @throws HashingOverloadedError
   */
  async prove(userId: string | undefined, password: string, ipAddress?: string): Promise<PasswordProof | undefined> {
    const id = userId ?? uuidv7();
    const hash = await this.hashOf(id);
    const attempt = { account: userId ?? '', ipAddress };
    return this.proveAgainst(hash === undefined ? undefined : { userId: id, hash }, password, attempt);
  }

  /**
   * Verifies the password against a hash that the caller has read. It verifies one stored hash also if `stored` is
   * `undefined`.
   * @param attempt names the account also if it does not exist, so that the same account always takes the same time
   * @throws HashingOverloadedError
   */
  async proveAgainst(
    stored: StoredPassword | undefined,
    password: string,
    attempt: PasswordAttempt = { account: stored?.userId ?? '' },
  ): Promise<PasswordProof | undefined> {
    const text = this.rules.textOf(password);
    const matches = await this.hashing.verify(stored?.hash, text ?? '', attempt);
    return matches && stored && text !== undefined ? { userId: stored.userId, hash: stored.hash } : undefined;
  }

  /** Returns whether this is the password of the user. @throws HashingOverloadedError */
  async verify(userId: string, password: string, ipAddress?: string): Promise<boolean> {
    return (await this.prove(userId, password, ipAddress)) !== undefined;
  }

  /** Returns whether the user has a password. */
  async exists(userId: string): Promise<boolean> {
    return (await this.hashOf(userId)) !== undefined;
  }

  /**
   * Removes the password of the user, who then cannot sign in with one. The sessions stay. Joins the current
   * transaction.
   */
  async remove(userId: string): Promise<void> {
    await this.database.manager.delete(PasswordCredential, { userId });
  }

  /** Returns the condition that the password has not changed since the verification. */
  currentHashPrecondition({ hash }: PasswordProof): Precondition {
    return { column: passwordHash, value: hash };
  }

  /**
   * Hashes a verified password again if the parameters have changed. It never overwrites a newer password. It logs a
   * failure and does not throw, because the old hash is still valid.
   */
  async refresh(proof: PasswordProof, password: string, ipAddress?: string): Promise<void> {
    if (!this.hashing.needsRehash(proof.hash)) return;
    try {
      const hash = await this.hashing.hash(password.normalize('NFKC'), ipAddress);
      await this.database.manager.update(PasswordCredential, { ...proof }, { hash });
    } catch (error) {
      this.logger.warn(
        `Rehashing a password failed, will retry at the next login: ${error instanceof Error ? error.name : 'unknown error'}`,
      );
    }
  }

  /** Returns whether the user had a password before. */
  private async upsert(userId: string, { hash }: PreparedPassword): Promise<boolean> {
    const { manager } = this.database;
    // Lock the user before the password, as `replace` does.
    await manager.query('SELECT 1 FROM users WHERE id = $1 FOR SHARE', [userId]);
    const rows = await manager.query<{ replaces: boolean }[]>(UPSERT, [userId, hash, new Date()]);
    return rows[0]?.replaces === true;
  }

  private async hashOf(userId: string): Promise<string | undefined> {
    // TypeORM's query builder costs more than the query.
    const rows = await this.database.manager.query<{ hash: string }[]>(passwordHash.queryFor('$1'), [userId]);
    return rows[0]?.hash;
  }
}
