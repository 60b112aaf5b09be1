import { type DynamicModule, Module } from '@nestjs/common';
import { AccountsModule } from 'postern/accounts';
import { AuthModule } from 'postern/auth';
import { PasswordModule, shippedPasswordPolicies } from 'postern/password';
import { PersistenceModule } from 'postern/persistence';
import { ProblemModule } from 'postern/problem';
import { RevocationLog, SessionsModule, StoredRevocations } from 'postern/sessions';
import { KeyRing, TokensModule } from 'postern/tokens';
import { UsersModule } from 'postern/users';
import { AcmeSessionsController } from './acme-sessions.controller.js';
import { AcmeConfiguration, type AcmeSettings } from './acme.settings.js';
import { acmeParts } from './acme.structure.js';
import { CostCentresModule } from './cost-centres.js';
import { EmployeeClaims } from './employee-claims.js';
import { EmployeeColumns1764100000000 } from './employee-columns.migration.js';
import { EmployeeMapper } from './employee-mapper.js';
import { Employee } from './employee.entity.js';
import { HandoverConfirmation } from './handover-confirmation.js';
import { NoSeasonPolicy } from './no-season.policy.js';
import { OutboxMailer } from './outbox.mailer.js';
import { ScryptPasswordHasher } from './scrypt-password-hasher.js';
import { StaffPasswordController } from './staff-password.controller.js';
import { StatusController } from './status.controller.js';
import { StillEmployedPolicy } from './still-employed.policy.js';
import { SwitchboardSignal } from './switchboard.signal.js';
import { TerminalGuard } from './terminal.guard.js';

/** Settings that come from a provider of Acme's own. */
function from<T>(choose: (settings: AcmeSettings) => T) {
  return {
    inject: [AcmeConfiguration],
    useFactory: (configuration: AcmeConfiguration): T => choose(configuration.read()),
  };
}

/** Acme's application once more, module by module, with settings that a provider reads. */
@Module({})
export class AcmePiecewiseModule {
  /** @param configuration the module that provides and exports `AcmeConfiguration` */
  static with(configuration: DynamicModule): DynamicModule {
    const imports = [configuration, CostCentresModule];
    return {
      module: AcmePiecewiseModule,
      imports: [
        ProblemModule.forRoot({}),
        PersistenceModule.forRootAsync({
          ...from(({ databaseUrl }) => ({ databaseUrl })),
          imports,
          migrations: [EmployeeColumns1764100000000],
        }),
        AuthModule.forRootAsync({
          ...from(({ issuer, audience }) => ({ issuer, audience })),
          imports,
          keys: KeyRing,
          revocationSource: StoredRevocations,
          revocationPublisher: RevocationLog,
          guard: TerminalGuard,
          mapper: EmployeeMapper,
        }),
        TokensModule.forRootAsync({
          ...from(({ issuer, audience, secret }) => ({ issuer, audience, secret })),
          imports,
          controllers: { keys: false },
        }),
        UsersModule.forRoot({ user: Employee, confirmation: HandoverConfirmation }),
        SessionsModule.forRoot({
          policies: [StillEmployedPolicy],
          claims: EmployeeClaims,
          controller: AcmeSessionsController,
          feed: false,
          signal: SwitchboardSignal,
          imports,
        }),
        PasswordModule.forRootAsync({
          useFactory: () => ({ productName: 'Acme' }),
          hasher: ScryptPasswordHasher,
          policies: [...shippedPasswordPolicies, NoSeasonPolicy],
          controller: StaffPasswordController,
        }),
        AccountsModule.forRoot({ production: true, productName: 'Acme', user: Employee, mailer: OutboxMailer }),
        CostCentresModule,
      ],
      ...acmeParts,
      controllers: [...acmeParts.controllers, StatusController],
    };
  }
}
