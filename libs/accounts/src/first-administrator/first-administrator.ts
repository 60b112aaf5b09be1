import { Injectable, Optional } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { ADMINISTRATOR, UserRolesService } from 'postern/roles';
import type { NewUser, UserBase } from 'postern/users';
import { FirstAdministratorExistsError } from '../accounts.errors.js';
import { Registration } from '../registration.js';
import type { RegistrationContext } from '../registration.js';
import { FirstAdministratorCode } from './first-administrator-code.js';

/** Creates the first administrator of a development server. The log of the server has the one-time code. */
@Injectable()
export class FirstAdministrator<U extends UserBase = UserBase> {
  constructor(
    private readonly code: FirstAdministratorCode,
    private readonly registration: Registration<U>,
    private readonly database: Database,
    @Optional() private readonly userRoles?: UserRolesService,
  ) {}

  /** Whether the application has roles, and no user has the role `administrator`, not even a disabled one. */
  async isMissing(): Promise<boolean> {
    if (this.userRoles === undefined) return false;
    const [row] = await this.database.manager.query<{ exists: boolean }[]>(
      'SELECT EXISTS (SELECT FROM user_roles WHERE role = $1)',
      [ADMINISTRATOR],
    );
    return !row!.exists;
  }

  /**
   * Registers the user and gives it the role `administrator`. The code is then spent. A rejected password or e-mail
   * address does not spend it.
   *
   * @throws FirstAdministratorExistsError @throws FirstAdministratorCodeInvalidError
   * @throws InvalidEmailError, PasswordRejectedError, EmailTakenError, UserConflictError, HashingOverloadedError
   */
  async create(
    code: string,
    account: NewUser<U> & { password: string },
    context: RegistrationContext = {},
  ): Promise<U> {
    if (!(await this.isMissing())) throw new FirstAdministratorExistsError();
    await this.code.verify(code).catch(async (error: unknown) => {
      // A parallel call may have spent the code.
      throw (await this.isMissing()) ? error : new FirstAdministratorExistsError();
    });
    const prepared = await this.registration.prepare(account, context);
    return this.database.transaction(async () => {
      // Two calls with the right code come here one after the other.
      await this.database.manager.query('SELECT FROM roles WHERE name = $1 FOR UPDATE', [ADMINISTRATOR]);
      if (!(await this.isMissing())) throw new FirstAdministratorExistsError();
      const user = await this.registration.create(prepared);
      await this.userRoles!.replace(user.id, [ADMINISTRATOR]);
      await this.code.spend();
      return user;
    });
  }
}
