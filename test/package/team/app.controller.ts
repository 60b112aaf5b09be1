import { Controller, Get, Req } from '@nestjs/common';
import type { Request } from 'express';
import { CurrentPrincipal, Public } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { sessionContextOf } from 'postern/sessions';
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
  async costCentre(
    @CurrentPrincipal() principal: Principal,
  ): Promise<{ stored: string | null | undefined; claimed: unknown }> {
    const employee = await this.users.findById(principal.subject);
    return { stored: employee?.costCentre, claimed: principal.claims['cost_centre'] };
  }

  @Get('device')
  device(@Req() request: Request): { userAgent: string | undefined } {
    return { userAgent: sessionContextOf(request, ['hwk']).userAgent };
  }
}
