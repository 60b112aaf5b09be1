import { Injectable, Optional } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { ValidationFailedError } from 'postern/problem';
import { normalizeEmail } from '../email-address.js';
import type { NewUser } from '../fields/user-types.js';
import type { UserBase } from '../user-base.entity.js';
import { UserCreated } from '../users.events.js';
import { UsersService } from '../users.service.js';
import { NewPasswords } from './new-passwords.js';

/** Creates a user on behalf of an administrator, with or without a password. */
@Injectable()
export class CreateUser<U extends UserBase = UserBase> {
  constructor(
    private readonly users: UsersService<U>,
    private readonly database: Database,
    private readonly events: Events,
    @Optional() private readonly passwords?: NewPasswords,
  ) {}

  /**
   * Hashes the password before the transaction. A user without a password cannot sign in with one.
   *
   * @throws InvalidEmailError, EmailTakenError, UserConflictError, ValidationFailedError
   * @throws AuthError if a policy rejects the password
   */
  async create(account: NewUser<U> & { password?: string }, ipAddress?: string): Promise<U> {
    const { password, email: address, ...userFields } = account;
    const email = normalizeEmail(address);
    if (password !== undefined && this.passwords === undefined) throw noPasswords();
    const store =
      password === undefined ? undefined : await this.passwords!.prepare(password, { email, userFields }, ipAddress);
    return this.database.transaction(async () => {
      const user = await this.users.create({ ...userFields, email } as unknown as NewUser<U>);
      await store?.(user.id);
      this.events.publish(new UserCreated(user.id, store !== undefined));
      return user;
    });
  }
}

function noPasswords(): ValidationFailedError {
  return ValidationFailedError.of([{ pointer: '/password', detail: 'This application has no passwords.' }]);
}
