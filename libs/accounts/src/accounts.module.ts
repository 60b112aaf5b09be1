import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { withInheritedRoutes } from 'postern/auth';
import { missingSettings } from 'postern/problem';
import { assertSameUserEntity, User, UserDtos } from 'postern/users';
import { ACCOUNTS_SETTINGS, ConfigurableAccountsModule, SETTINGS } from './accounts.module-definition.js';
import type {
  AccountsSettings,
  AccountsStructure,
  ASYNC_OPTIONS_TYPE,
  OPTIONS_TYPE,
} from './accounts.module-definition.js';
import { DeletionNotices } from './deletion/deletion-notices.js';
import { FirstAdministratorAnnouncement } from './first-administrator/first-administrator-announcement.js';
import { FirstAdministratorCode } from './first-administrator/first-administrator-code.js';
import { firstAdministratorControllerOf } from './first-administrator/first-administrator.controller.js';
import { FirstAdministrator } from './first-administrator/first-administrator.js';
import { OneTimeTokenCleanup } from './one-time-tokens/one-time-token-cleanup.js';
import { OneTimeTokens } from './one-time-tokens/one-time-tokens.js';
import { PersonalDataController } from './personal-data/personal-data.controller.js';
import { PersonalDataExport } from './personal-data/personal-data-export.js';
import { AccountData, RoleData, SessionData } from './personal-data/shipped-personal-data.js';
import { registrationControllerOf } from './registration.controller.js';
import { Registration } from './registration.js';
import { SecurityNotices } from './security-notices.js';

/** The token of the checks at boot. */
const CHECKS = Symbol('AccountsModule checks');

/**
 * Registration and security notices by mail. Needs `PersistenceModule`, `MailModule`, `UsersModule`, `SessionsModule`
 * and `PasswordModule`. The application imports it once.
 * @example
 * ```ts
 * AccountsModule.forRoot({ user: Employee })
 * ```
 */
@Module({ providers: [missingSettings('AccountsModule', ACCOUNTS_SETTINGS)] })
export class AccountsModule extends ConfigurableAccountsModule {
  /** Switches registration on with the given settings. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withStructure(super.forRoot(options), options);
  }

  /** Switches registration on with settings from a factory or a class. Pass the structure beside it. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRootAsync(options), options);
  }
}

function withStructure(module: DynamicModule, structure: AccountsStructure): DynamicModule {
  const user = structure.user ?? User;
  const controller = structure.controller ?? registrationControllerOf(user);
  // In production, a guard hides the route.
  const first = structure.firstAdministrator ?? firstAdministratorControllerOf(user);
  const personalData = structure.personalData ?? PersonalDataController;
  const controllers = [first, controller, personalData].filter((type) => type !== false);
  for (const type of controllers) assertSameUserEntity('AccountsModule', type, user);
  return {
    ...module,
    imports: [...(module.imports ?? []), ...(structure.imports ?? [])],
    controllers: [...(module.controllers ?? []), ...controllers.map((type) => withInheritedRoutes(type))],
    providers: [
      ...(module.providers ?? []),
      {
        provide: CHECKS,
        inject: [ACCOUNTS_SETTINGS, UserDtos],
        useFactory: (settings: AccountsSettings, { entity }: UserDtos) => {
          if (entity === user) return SETTINGS.read(settings);
          throw new Error(
            `AccountsModule has user: ${user.name}, but UsersModule has ${entity.name}: set user: ${entity.name}.`,
          );
        },
      },
      Registration,
      SecurityNotices,
      DeletionNotices,
      PersonalDataExport,
      AccountData,
      SessionData,
      RoleData,
      OneTimeTokens,
      OneTimeTokenCleanup,
      FirstAdministratorCode,
      FirstAdministrator,
      ...(first === false ? [] : [FirstAdministratorAnnouncement]),
    ],
    exports: [...(module.exports ?? []), FirstAdministrator, OneTimeTokens, Registration],
  };
}
