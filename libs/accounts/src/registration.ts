import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { PasswordsService } from 'postern/password';
import { normalizeEmail, UsersService } from 'postern/users';
import type { NewUser, UserBase } from 'postern/users';
import { UserRegistered } from './accounts.events.js';

/** The client of a registration. */
export interface RegistrationContext {
  /** The IP address of the client, for the fair hashing queue; undefined without a client, such as in an import. */
  readonly ipAddress?: string | undefined;
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
  async register(account: NewUser<U> & { password: string }, { ipAddress }: RegistrationContext = {}): Promise<U> {
    const { password, email: address, ...userFields } = account;
    const email = normalizeEmail(address);
    const prepared = await this.passwords.prepare(password, { email, userFields }, '/password', ipAddress);
    return this.database.transaction(async () => {
      const user = await this.users.create({ ...userFields, email } as unknown as NewUser<U>);
      await this.passwords.set(user.id, prepared);
      this.events.publish(new UserRegistered(user.id));
      return user;
    });
  }
}
