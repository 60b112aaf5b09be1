import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RevocationPublisher, withInheritedRoutes } from 'postern/auth';
import { ApiProblems, problemsOf, setting, settings } from 'postern/problem';
import { adminUsersControllerOf } from './routes/admin-users.controller.js';
import { IdentityConfirmation, NoConfirmation } from './identity-confirmation.js';
import { assertSameUserEntity } from './checks/entity-match.check.js';
import { meControllerOf } from './routes/me.controller.js';
import type { MeRoutes } from './routes/me.controller.js';
import { RegistrantFields } from './fields/registrant-fields.js';
import { UserAccess } from './access/user-access.js';
import type { UserBase } from './user-base.entity.js';
import { DeletionSettings } from './deletion/deletion-settings.js';
import { DueDeletions } from './deletion/due-deletions.js';
import { UserDeletion } from './deletion/user-deletion.js';
import { CreateUser } from './directory/create-user.js';
import { UserList } from './directory/user-list.js';
import { UserDtos } from './fields/user-dtos.js';
import { UserTableCheck } from './checks/user-table.check.js';
import { User } from './user.entity.js';
import { UsersService } from './users.service.js';

/** The settings of {@link UsersModule}. Plain data, checked at boot; every setting has a default. */
export interface UsersSettings {
  /**
   * The days between the request of a user to delete the account and the deletion (default 30; 0 to 365). A login in
   * this time cancels the deletion. 0: the user is deleted at once.
   */
  deletionGraceDays?: number | undefined;
}

/** The classes that {@link UsersModule} uses. Each has a default. */
export interface UsersStructure {
  /** Your user entity. Default: {@link User}, without further fields. */
  user?: Type<UserBase> | undefined;
  /** Controllers instead of those generated from the entity; `false` removes the routes. */
  controllers?: { me?: Type | false | undefined; admin?: Type | false | undefined } | undefined;
  /** Called before users delete their own account. Default: {@link NoConfirmation}, which rejects. */
  confirmation?: Type<IdentityConfirmation> | undefined;
  /** Publishes the revocations of disabled and deleted users. Default: the application's `RevocationPublisher`. */
  revocations?: Type<RevocationPublisher> | undefined;
  /** Modules whose providers the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

const SETTINGS = settings<UsersSettings, UsersStructure>()(
  'UsersModule',
  { deletionGraceDays: setting.number(30, { min: 0, max: 365 }) },
  { user: true, controllers: true, confirmation: true, revocations: true, imports: true },
);

export const { ConfigurableModuleClass: ConfigurableUsersModule, MODULE_OPTIONS_TOKEN: USERS_SETTINGS } =
  new ConfigurableModuleBuilder<UsersSettings>({ moduleName: 'Users' })
    .setClassMethodName('forRoot')
    .setExtras<UsersStructure>(SETTINGS.noStructure, withStructure)
    .build();

function withStructure(definition: DynamicModule, structure: UsersStructure): DynamicModule {
  const entity = structure.user ?? User;
  const schemas = new UserDtos(entity);
  const { me, admin } = structure.controllers ?? {};
  for (const controller of [me, admin]) if (controller) assertSameUserEntity('UsersModule', controller, entity);
  const confirmation = structure.confirmation ?? NoConfirmation;
  return {
    ...definition,
    global: true,
    imports: [...(definition.imports ?? []), ...(structure.imports ?? []), TypeOrmModule.forFeature([entity])],
    // "me" is first: Express takes the first route that matches, and "me" matches :id.
    controllers: [
      ...(definition.controllers ?? []),
      ...(me === false ? [] : [withProblemsOf(confirmation, me ? withInheritedRoutes(me) : meControllerOf(entity))]),
      ...(admin === false ? [] : [admin ? withInheritedRoutes(admin) : adminUsersControllerOf(entity)]),
    ],
    providers: [
      ...(definition.providers ?? []),
      { provide: UserDtos, useValue: schemas },
      {
        provide: DeletionSettings,
        inject: [USERS_SETTINGS],
        useFactory: (settingsOfUsers: UsersSettings) =>
          new DeletionSettings(SETTINGS.read(settingsOfUsers).deletionGraceDays),
      },
      { provide: IdentityConfirmation, useClass: confirmation },
      ...(structure.revocations ? [{ provide: RevocationPublisher, useClass: structure.revocations }] : []),
      UserTableCheck,
      RegistrantFields,
      UserAccess,
      UsersService,
      UserList,
      CreateUser,
      UserDeletion,
      DueDeletions,
    ],
    exports: [
      ...(definition.exports ?? []),
      UserDtos,
      IdentityConfirmation,
      UsersService,
      UserList,
      CreateUser,
      UserDeletion,
      DueDeletions,
    ],
  };
}

/** Adds the errors of the confirmation to the OpenAPI operation `deleteMe`. */
function withProblemsOf(confirmation: Type<IdentityConfirmation>, controller: Type): Type {
  const { deleteMe } = controller.prototype as Partial<MeRoutes>;
  if (deleteMe)
    ApiProblems(...problemsOf(confirmation))(controller.prototype as object, 'deleteMe', { value: deleteMe });
  return controller;
}
