import { Controller, Get } from '@nestjs/common';
import { CurrentUser, Public, RequireScopes } from 'postern/auth';
import type { Principal } from 'postern/auth';

@Controller()
export class AppController {
  @Public()
  @Get()
  hello(): { hello: string } {
    return { hello: 'world' };
  }

  @Get('me')
  me(@CurrentUser() user: Principal): { subject: string } {
    return { subject: user.subject };
  }

  @Get('orders')
  @RequireScopes('orders:read')
  orders(): unknown[] {
    return [];
  }
}
