import { type DynamicModule, Module } from '@nestjs/common';
import { PosternModule, type PosternStructure } from 'postern';
import { shippedPasswordPolicies } from 'postern/password';
import { AcmeSessionsController } from './acme-sessions.controller.js';
import { acmeParts } from './acme.structure.js';
import { AcmeConfiguration, type AcmeSettings } from './acme.settings.js';
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

/** What Acme does differently. */
const structure: PosternStructure = {
  user: Employee,
  migrations: [EmployeeColumns1764100000000],
  hasher: ScryptPasswordHasher,
  passwordPolicies: [...shippedPasswordPolicies, NoSeasonPolicy],
  loginPolicies: [StillEmployedPolicy],
  claims: EmployeeClaims,
  confirmation: HandoverConfirmation,
  guard: TerminalGuard,
  mapper: EmployeeMapper,
  mailer: OutboxMailer,
  revocationSignal: SwitchboardSignal,
  controllers: {
    sessions: AcmeSessionsController,
    password: StaffPasswordController,
    revocations: false,
    health: StatusController,
    tokens: { keys: false },
  },
};

/** What Acme says of itself. */
const product = { production: true, productName: 'Acme' };

/** Acme's application: Postern in one import. */
@Module({})
export class AcmeModule {
  /** With settings that are known now. */
  static with(settings: AcmeSettings): DynamicModule {
    const postern = PosternModule.forRoot({ ...settings, ...product, ...structure, imports: [CostCentresModule] });
    return { module: AcmeModule, imports: [postern, CostCentresModule], ...acmeParts };
  }

  /** With settings that a provider reads; @param configuration the module that exports `AcmeConfiguration` */
  static configuredBy(configuration: DynamicModule): DynamicModule {
    const postern = PosternModule.forRootAsync({
      inject: [AcmeConfiguration],
      useFactory: (acme: AcmeConfiguration) => ({ ...acme.read(), ...product }),
      ...structure,
      imports: [configuration, CostCentresModule],
    });
    return { module: AcmeModule, imports: [postern, CostCentresModule], ...acmeParts };
  }
}
