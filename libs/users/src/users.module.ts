import { Module } from '@nestjs/common';
import { missingSettings } from 'postern/problem';
import { ConfigurableUsersModule, USERS_SETTINGS } from './users.module-definition.js';

/**
 * The users of the application: their entity, `UsersService`, and the routes `/users/me` and `/users`. It needs
 * `PersistenceModule` and `AuthModule`.
 *
 * @example
 * ```ts
 * UsersModule.forRoot({ user: Employee, confirmation: PasswordConfirmation });
 * ```
 */
@Module({ providers: [missingSettings('UsersModule', USERS_SETTINGS)] })
export class UsersModule extends ConfigurableUsersModule {}
