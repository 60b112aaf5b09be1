import { Controller, Get } from '@nestjs/common';
import { Public } from 'postern/auth';

/** What Acme's load balancer asks, in the place of the shipped routes of health. */
@Controller('status')
export class StatusController {
  @Get()
  @Public()
  readStatus(): { status: string } {
    return { status: 'acme is up' };
  }
}
