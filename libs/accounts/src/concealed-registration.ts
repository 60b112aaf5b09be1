import { Injectable } from '@nestjs/common';
import { Database, uuidv7 } from 'postern/persistence';
import { EmailTakenError, UsersService } from 'postern/users';
import type { NewUser, UserBase } from 'postern/users';
import { ForgotPassword } from './password/forgot-password.js';
import { Registration } from './registration.js';
import type { PreparedAccount, RegistrationContext } from './registration.js';

/** Rolls the rehearsal back. */
class RehearsalOver extends Error {}

/**
 * Registers accounts without revealing whether an address has one: the mail says it. A free address gets the link that
 * verifies it, and a taken one gets the link for a new password.
 */
@Injectable()
export class ConcealedRegistration<U extends UserBase = UserBase> {
  constructor(
    private readonly registration: Registration<U>,
    private readonly users: UsersService<U>,
    private readonly forgotten: ForgotPassword,
    private readonly database: Database,
  ) {}

  /** @throws InvalidEmailError, PasswordRejectedError, UserConflictError, HashingOverloadedError */
  async register(account: NewUser<U> & { password: string }, context: RegistrationContext = {}): Promise<void> {
    const prepared = await this.registration.prepare(account, context);
    const { email } = prepared.user;
    if (await this.users.findByEmail(email)) await this.rehearse(prepared);
    // A parallel registration of the address may commit first.
    else if (await this.creates(prepared)) return;
    await this.database.transaction(async () => {
      const owner = await this.users.findByEmail(email);
      if (owner) await this.forgotten.request(owner, context.acceptLanguage, 'account-exists');
    });
  }

  /**
   * Creates the account under an address that cannot exist (RFC 2606), and rolls it back. The time and the conflicts of
   * the other fields are then the same as for a free address.
   */
  private async rehearse(prepared: PreparedAccount<U>): Promise<void> {
    const user = { ...prepared.user, email: `${uuidv7()}@postern.invalid` };
    const rehearsal = this.database.transaction(async () => {
      await this.registration.create({ ...prepared, user });
      throw new RehearsalOver();
    });
    await rehearsal.catch((error: unknown) => {
      if (!(error instanceof RehearsalOver)) throw error;
    });
  }

  private async creates(prepared: PreparedAccount<U>): Promise<boolean> {
    try {
      await this.registration.create(prepared);
      return true;
    } catch (error) {
      if (error instanceof EmailTakenError) return false;
      throw error;
    }
  }
}
