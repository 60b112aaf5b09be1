import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { CurrentPrincipal, type Principal } from 'postern/auth';
import { SessionsController } from 'postern/sessions';

/** The shipped routes of sessions, and one of Acme's beside them. */
@Controller('auth')
export class AcmeSessionsController extends SessionsController {
  @Get('devices')
  @ApiOperation({ summary: 'Name your devices', description: 'The devices on which you are signed in, each once.' })
  @ApiOkResponse({ description: 'The names.', type: [String], example: ['Firefox on Linux'] })
  async listDevices(@CurrentPrincipal() principal: Principal): Promise<string[]> {
    const sessions = await this.listSessions(principal);
    return [...new Set(sessions.map(({ device }) => device ?? 'unknown'))];
  }
}
