import { Controller, Get } from '@nestjs/common';
import { CurrentPrincipal, type Principal, Public } from 'postern/auth';
import { UsersService } from 'postern/users';
import { Employee } from './employee.entity.js';

@Controller()
export class AppController {
  constructor(private readonly users: UsersService<Employee>) {}

  @Public()
  @Get()
  hello(): { hello: string } {
    return { hello: 'world' };
  }

  @Get('cost-centre')
  async costCentre(@CurrentPrincipal() principal: Principal): Promise<{ stored?: string; claimed: unknown }> {
    const employee = await this.users.findById(principal.subject);
    return { stored: employee?.costCentre, claimed: principal.claims['cost_centre'] };
  }
}
