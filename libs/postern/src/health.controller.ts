import { type BeforeApplicationShutdown, Controller, Get, VERSION_NEUTRAL } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  HealthCheckService,
  type HealthCheckResult,
  HealthIndicatorService,
  TypeOrmHealthIndicator,
} from '@nestjs/terminus';
import { Public, RevocationHealth } from 'postern/auth';
import { Database } from 'postern/persistence';
import { Refuses, ServiceUnavailableError } from 'postern/problem';
import { HealthDto } from './health.dto.js';

const DATABASE_TIMEOUT_MS = 2000;
const UP = { server: { status: 'up' }, database: { status: 'up' }, revocations: { status: 'up' } };

/** Tells an orchestrator whether the process lives, and whether it can serve. */
@ApiTags('Health')
@Controller({ path: 'health', version: VERSION_NEUTRAL })
@Public()
export class HealthController implements BeforeApplicationShutdown {
  private isStopping = false;

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly ping: TypeOrmHealthIndicator,
    private readonly database: Database,
    private readonly revocations: RevocationHealth,
  ) {}

  @Get('live')
  @ApiOperation({
    summary: 'Does the process live?',
    description:
      'Answers 200 as long as the process answers at all; it asks nobody else. Restart the process when it does not.',
  })
  @ApiOkResponse({
    type: HealthDto,
    description: 'The process lives.',
    example: { status: 'ok', info: {}, error: {}, details: {} },
  })
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  @Get('ready')
  @ApiOperation({
    summary: 'Can the server serve?',
    description:
      'Answers 200 only when the database answers, revocations are known well enough to accept tokens, and the server is not about to stop. Send no traffic while it answers 503.',
  })
  @ApiOkResponse({
    type: HealthDto,
    description: 'The server can serve.',
    example: { status: 'ok', info: UP, error: {}, details: UP },
  })
  @Refuses(ServiceUnavailableError)
  async ready(): Promise<HealthCheckResult> {
    return this.health.check([
      () => (this.isStopping ? this.indicators.check('server').down('stopping') : this.indicators.check('server').up()),
      // Whether the database answers, and not how many requests wait for a connection.
      () => this.database.promptly(async () => this.ping.pingCheck('database').withTimeout(DATABASE_TIMEOUT_MS)),
      () => {
        const { isRefusing, silenceSeconds } = this.revocations;
        const indicator = this.indicators.check('revocations');
        return isRefusing ? indicator.down({ silenceSeconds }) : indicator.up();
      },
    ]);
  }

  /** Load balancers need to see it before the listener closes. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }
}
