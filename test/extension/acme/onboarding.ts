import { Body, Controller, HttpCode, Injectable, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { RequireScopes } from 'postern/auth';
import { PasswordsService } from 'postern/password';
import { Database, DomainEvent, Events } from 'postern/persistence';
import { Refuses } from 'postern/problem';
import { IsEmailAddress, responseDtoOf, updateDtoOf, UsersService } from 'postern/users';
import { CostCentreUnknownError } from './acme.errors.js';
import { CostCentres } from './cost-centres.js';
import { Employee } from './employee.entity.js';

const EmployeeView = responseDtoOf(Employee, 'admin');

/** Somebody was hired. */
export class EmployeeHired extends DomainEvent {
  static override readonly type = 'employee.hired';

  constructor(readonly userId: string) {
    super();
  }
}

/** With every field that an administrator may set, also those that nobody chooses at registration. */
class HireDto extends updateDtoOf(Employee, 'admin') {
  @ApiProperty({ format: 'email', example: 'wile.e@acme.example' })
  @IsEmailAddress()
  email!: string;

  @ApiProperty({ format: 'password', example: 'seven small boats at noon' })
  @IsString()
  password!: string;

  declare costCentre: string;
}

/** Hires somebody: the account, its password and its badge in one transaction. */
@Injectable()
export class Onboarding {
  constructor(
    private readonly users: UsersService<Employee>,
    private readonly passwords: PasswordsService,
    private readonly database: Database,
    private readonly events: Events,
    private readonly costCentres: CostCentres,
  ) {}

  /** @throws CostCentreUnknownError, and then nobody was hired */
  async hire({ password, ...fields }: HireDto): Promise<Employee> {
    const prepared = await this.passwords.prepare(password, { email: fields.email });
    return this.database.transaction(async () => {
      const { id } = await this.users.create(fields);
      await this.passwords.set(id, prepared);
      const hired = await this.users.update(id, { clearance: 1 });
      this.events.publish(new EmployeeHired(id));
      // Looked at last on purpose: nothing of what came before may remain.
      if (!this.costCentres.nameOf(fields.costCentre)) throw new CostCentreUnknownError();
      return hired;
    });
  }
}

/** The route by which managers hire. */
@Controller('staff')
export class OnboardingController {
  constructor(private readonly onboarding: Onboarding) {}

  @Post()
  @HttpCode(201)
  @RequireScopes('users:write')
  @ApiOperation({ summary: 'Hire somebody', description: 'Makes an account with a password.' })
  @ApiCreatedResponse({ description: 'Who was hired.', type: EmployeeView })
  @Refuses(CostCentreUnknownError)
  async hireStaff(@Body() employee: HireDto): Promise<object> {
    return EmployeeView.from(await this.onboarding.hire(employee));
  }
}
