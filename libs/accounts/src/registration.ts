import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { PasswordsService } from 'postern/password';
import type { PreparedPassword } from 'postern/password';
import { normalizeEmail, UsersService } from 'postern/users';
import type { NewUser, UserBase } from 'postern/users';
import { UserRegistered } from './accounts.events.js';

/** The client of a registration. */
export interface RegistrationContext {
  /** The IP address of the client, for the fair hashing queue; undefined without a client, such as in an import. */
  readonly ipAddress?: string | undefined;
  /** `Accept-Language` of the request, for the language of the mail that verifies the address. */
  readonly acceptLanguage?: string | undefined;
}

/** An account whose password complies with every policy. */
export interface PreparedAccount<U extends UserBase = UserBase> {
  readonly user: NewUser<U>;
  readonly password: PreparedPassword;
  readonly acceptLanguage?: string | undefined;
}

/**
 * Creates accounts: a user and its password, in one transaction.
 *
 * @example
 * ```ts
 * constructor(private readonly registration: Registration<Employee>) {}
 * await this.registration.register({ email: 'ada@example.com', password, costCentre: 'CC-1042' });
 * ```
 */
@Injectable()
export class Registration<U extends UserBase = UserBase> {
  constructor(
    private readonly users: UsersService<U>,
    private readonly passwords: PasswordsService,
    private readonly database: Database,
    private readonly events: Events,
  ) {}

  /**
   * Creates a user. It checks and hashes the password before the first query: a taken e-mail address takes the same
   * time as a free one, and no connection waits for a hash.
   * @throws InvalidEmailError, PasswordRejectedError, EmailTakenError, UserConflictError, HashingOverloadedError
   */
  async register(account: NewUser<U> & { password: string }, context: RegistrationContext = {}): Promise<U> {
    return this.create(await this.prepare(account, context));
  }

  /**
   * Checks the account and hashes its password, for {@link create}. Do not call it inside a transaction: the connection
   * would wait for the hash.
   * @throws InvalidEmailError, PasswordRejectedError, HashingOverloadedError
   */
  async prepare(
    account: NewUser<U> & { password: string },
    { ipAddress, acceptLanguage }: RegistrationContext = {},
  ): Promise<PreparedAccount<U>> {
    const { password, email: address, ...userFields } = account;
    const email = normalizeEmail(address);
    const prepared = await this.passwords.prepare(password, { email, userFields }, '/password', ipAddress);
    return { user: { ...userFields, email } as unknown as NewUser<U>, password: prepared, acceptLanguage };
  }

  /**
   * Stores a prepared account. The mail with the link that verifies the address is a part of the transaction, unless
   * the account has `emailVerifiedAt`. Joins the current transaction.
   * @throws EmailTakenError, UserConflictError
   */
  async create({ user: fields, password, acceptLanguage }: PreparedAccount<U>): Promise<U> {
    return this.database.transaction(async () => {
      const user = await this.users.create(fields);
      await this.passwords.set(user.id, password);
      this.events.publish(new UserRegistered(user.id, acceptLanguage));
      return user;
    });
  }
}
