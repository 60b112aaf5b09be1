import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { DynamicModule, ModuleMetadata, Type } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { RevocationPublisher, withInheritedRoutes } from 'postern/auth';
import { problemsOf, ApiProblems } from 'postern/problem';
import { adminUsersControllerOf } from './routes/admin-users.controller.js';
import { IdentityConfirmation, NoConfirmation } from './identity-confirmation.js';
import { assertSameUserEntity } from './checks/entity-match.check.js';
import { meControllerOf } from './routes/me.controller.js';
import type { MeRoutes } from './routes/me.controller.js';
import { RegistrantFields } from './fields/registrant-fields.js';
import { UserAccess } from './access/user-access.js';
import type { UserBase } from './user-base.entity.js';
import { CreateUser } from './directory/create-user.js';
import { UserList } from './directory/user-list.js';
import { UserDtos } from './fields/user-dtos.js';
import { UserTableCheck } from './checks/user-table.check.js';
import { User } from './user.entity.js';
import { UsersService } from './users.service.js';

/** The settings of {@link UsersModule}. It has none yet, only structure. */
export type UsersSettings = object;

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

export const { ConfigurableModuleClass: ConfigurableUsersModule, MODULE_OPTIONS_TOKEN: USERS_SETTINGS } =
  new ConfigurableModuleBuilder<UsersSettings>({ moduleName: 'Users' })
    .setClassMethodName('forRoot')
    .setExtras<UsersStructure>({}, withStructure)
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
      { provide: IdentityConfirmation, useClass: confirmation },
      ...(structure.revocations ? [{ provide: RevocationPublisher, useClass: structure.revocations }] : []),
      UserTableCheck,
      RegistrantFields,
      UserAccess,
      UsersService,
      UserList,
      CreateUser,
    ],
    exports: [...(definition.exports ?? []), UserDtos, IdentityConfirmation, UsersService, UserList, CreateUser],
  };
}

/** Adds the errors of the confirmation to the OpenAPI operation `deleteMe`. */
function withProblemsOf(confirmation: Type<IdentityConfirmation>, controller: Type): Type {
  const { deleteMe } = controller.prototype as Partial<MeRoutes>;
  if (deleteMe)
    ApiProblems(...problemsOf(confirmation))(controller.prototype as object, 'deleteMe', { value: deleteMe });
  return controller;
}
