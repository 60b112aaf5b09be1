import { Module } from '@nestjs/common';
import { missingSettings } from 'postern/problem';
import { ConfigurableUsersModule, USERS_SETTINGS } from './users.module-definition.js';

/**
 * The users of the application: their table as the team's class, the service that keeps them, and the routes
 * `/users/me` and `/users`. Needs `PersistenceModule` and `AuthModule`.
 *
 * @example
 * ```ts
 * UsersModule.forRoot({ user: Employee, confirmation: PasswordConfirmation });
 * ```
 */
@Module({ providers: [missingSettings('UsersModule', USERS_SETTINGS)] })
export class UsersModule extends ConfigurableUsersModule {}
