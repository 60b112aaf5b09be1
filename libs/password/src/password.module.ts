import { Module, Scope } from '@nestjs/common';
import type { DynamicModule, OnModuleInit, Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { withInheritedRoutes } from 'postern/auth';
import { missingSettings } from 'postern/problem';
import { NewPasswords } from 'postern/users';
import { Argon2PasswordHasher } from './hashing/argon2-password-hasher.js';
import { CheckedPasswordSettings } from './checked-password-settings.js';
import { DummyHashes } from './hashing/dummy-hashes.js';
import { ForeignPasswords } from './foreign-hashes/foreign-passwords.js';
import { CurrentPassword } from './guessing/current-password.js';
import { KnownDevices } from './guessing/known-devices.js';
import { LoginLimits } from './guessing/login-limits.js';
import { PasswordChange } from './password-change.js';
import { PasswordConfirmation } from './password-confirmation.js';
import { PasswordController } from './password.controller.js';
import { PasswordCredential } from './password-credential.entity.js';
import { PasswordHasher } from './hashing/password-hasher.js';
import { Peppers } from './hashing/peppers.js';
import { PasswordHashing } from './hashing/password-hashing.js';
import { PasswordLogin } from './password-login.js';
import { ConfigurablePasswordModule, PASSWORD_SETTINGS } from './password.module-definition.js';
import type {
  ASYNC_OPTIONS_TYPE,
  OPTIONS_TYPE,
  PasswordSettings,
  PasswordStructure,
} from './password.module-definition.js';
import type { PasswordPolicy } from './policies/password-policy.js';
import { PasswordPolicies, shippedPasswordPolicies } from './policies/password-policies.js';
import { PasswordRecovery } from './password-recovery.js';
import { PasswordsService } from './passwords.service.js';
import { PolicyNewPasswords } from './policy-new-passwords.js';

/**
 * Login with e-mail and password, and password change. Needs `PersistenceModule`, `AuthModule`, `TokensModule`,
 * `UsersModule` and `SessionsModule`. Import it once, in the root module.
 * @example
 * ```ts
 * PasswordModule.forRoot({ productName: 'Acme', policies: [...shippedPasswordPolicies, NotBreached] })
 * ```
 */
@Module({ providers: [missingSettings('PasswordModule', PASSWORD_SETTINGS)] })
export class PasswordModule extends ConfigurablePasswordModule implements OnModuleInit {
  /** Takes settings and structure in one object. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withStructure(super.forRoot(options), options);
  }

  /** Takes the settings from a factory or a class, and the structure synchronously. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRootAsync(options), options);
  }

  constructor(private readonly module: ModuleRef) {
    super();
  }

  /** @throws Error if the hasher is request-scoped */
  onModuleInit(): void {
    if (this.module.introspect(PasswordHasher as Type).scope !== Scope.DEFAULT) {
      throw new Error(
        'PasswordModule: the hasher or one of its dependencies is request-scoped. A single queue and a single hasher bound the ' +
          'number of concurrent hashes. Inject singletons only into the hasher.',
      );
    }
  }
}

function withStructure(module: DynamicModule, structure: PasswordStructure): DynamicModule {
  const policies: readonly Type<PasswordPolicy>[] = structure.policies ?? shippedPasswordPolicies;
  const controller = structure.controller ?? PasswordController;
  return {
    ...module,
    imports: [...(module.imports ?? []), ...(structure.imports ?? []), TypeOrmModule.forFeature([PasswordCredential])],
    controllers: [...(module.controllers ?? []), ...(controller ? [withInheritedRoutes(controller)] : [])],
    providers: [
      ...(module.providers ?? []),
      {
        provide: CheckedPasswordSettings,
        inject: [PASSWORD_SETTINGS],
        useFactory: (settings: PasswordSettings) => new CheckedPasswordSettings(settings),
      },
      {
        provide: Peppers,
        inject: [PASSWORD_SETTINGS],
        useFactory: ({ pepper, previousPeppers }: PasswordSettings) => new Peppers(pepper, previousPeppers),
      },
      { provide: PasswordHasher, useClass: structure.hasher ?? Argon2PasswordHasher },
      ...policies,
      {
        provide: PasswordPolicies,
        inject: [CheckedPasswordSettings, ...policies],
        useFactory: (settings: CheckedPasswordSettings, ...rules: PasswordPolicy[]) =>
          new PasswordPolicies(settings, rules),
      },
      DummyHashes,
      PasswordHashing,
      PasswordsService,
      KnownDevices,
      LoginLimits,
      CurrentPassword,
      PasswordRecovery,
      ForeignPasswords,
      PasswordLogin,
      PasswordChange,
      PasswordConfirmation,
      { provide: NewPasswords, useClass: PolicyNewPasswords },
    ],
    exports: [
      ...(module.exports ?? []),
      CheckedPasswordSettings,
      PasswordHasher,
      PasswordPolicies,
      PasswordHashing,
      PasswordsService,
      KnownDevices,
      CurrentPassword,
      PasswordRecovery,
      ForeignPasswords,
      PasswordLogin,
      PasswordChange,
      PasswordConfirmation,
      NewPasswords,
    ],
  };
}
