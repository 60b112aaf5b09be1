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
import { UserAccess } from './user-access.js';
import type { UserBase } from './user-base.entity.js';
import { UserList } from './user-list.js';
import { UserDtos } from './fields/user-dtos.js';
import { UserTableCheck } from './checks/user-table.check.js';
import { User } from './user.entity.js';
import { UsersService } from './users.service.js';

/** The settings of {@link UsersModule}: there are none yet, everything is structure. */
export type UsersSettings = object;

/** What {@link UsersModule} is made of; each part has a default. */
export interface UsersStructure {
  /** The team's class of user. Default: {@link User}, with no further fields. */
  user?: Type<UserBase> | undefined;
  /** Controllers in the place of the ones made from the entity; `false` for no such routes. */
  controllers?: { me?: Type | false | undefined; admin?: Type | false | undefined } | undefined;
  /** Asked before a user deletes itself. Default: {@link NoConfirmation}, which refuses. */
  confirmation?: Type<IdentityConfirmation> | undefined;
  /** Where the revocations of disabled and deleted users go. Default: the publisher that the application has already. */
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
    // "me" comes first: on Express the first route that fits is taken, and "me" fits :id.
    controllers: [
      ...(definition.controllers ?? []),
      ...(me === false ? [] : [refusingAs(confirmation, me ? withInheritedRoutes(me) : meControllerOf(entity))]),
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
    ],
    exports: [...(definition.exports ?? []), UserDtos, IdentityConfirmation, UsersService, UserList],
  };
}

/** Lets the document say at the deletion of the account by what the confirmation refuses. */
function refusingAs(confirmation: Type<IdentityConfirmation>, controller: Type): Type {
  const { deleteMe } = controller.prototype as Partial<MeRoutes>;
  if (deleteMe)
    ApiProblems(...problemsOf(confirmation))(controller.prototype as object, 'deleteMe', { value: deleteMe });
  return controller;
}
