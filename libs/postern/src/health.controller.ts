import { Controller, Get, Logger, ServiceUnavailableException, VERSION_NEUTRAL } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { HealthCheckResult } from '@nestjs/terminus';
import { Public, RevocationHealth, FixedResponse } from 'postern/auth';
import { DatabaseHealth } from 'postern/persistence';
import { ApiProblems, ServiceUnavailableError } from 'postern/problem';
import { HealthDto } from './health.dto.js';

const UP = { server: { status: 'up' }, database: { status: 'up' }, revocations: { status: 'up' } };

/** The 503 of a probe. It is not logged for each probe, because the controller logs the change of the state. */
class NotReadyError extends ServiceUnavailableError {
  override readonly isLogged = true;
}

/** Reports to an orchestrator whether the process is alive and whether it is ready. */
@FixedResponse()
@ApiTags('Health')
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController implements BeforeApplicationShutdown {
  private readonly logger = new Logger(HealthController.name);
  private isStopping = false;
  private isReady = true;
  private checking: Promise<HealthCheckResult> | undefined;

  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly database: DatabaseHealth,
    private readonly revocations: RevocationHealth,
  ) {}

  @Public()
  @Get('live')
  @ApiOperation({
    summary: 'Is the process alive?',
    description: 'Always responds 200 and checks no dependency. Restart the process if it does not respond.',
  })
  @ApiOkResponse({
    type: HealthDto,
    description: 'The process is alive.',
    example: { status: 'ok', info: {}, error: {}, details: {} },
  })
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  @Public()
  @Get('ready')
  @ApiOperation({
    summary: 'Is the server ready?',
    description:
      'Responds 200 if the database has responded within the last second, the revocations are up to date, and the server is not stopping. Do not route traffic to the server while it responds 503.',
  })
  @ApiOkResponse({
    type: HealthDto,
    description: 'The server is ready.',
    example: { status: 'ok', info: UP, error: {}, details: UP },
  })
  @ApiProblems(ServiceUnavailableError)
  async ready(): Promise<HealthCheckResult> {
    this.checking ??= this.check().finally(() => (this.checking = undefined));
    // A copy, because a subclass may add to the result.
    return { ...(await this.checking) };
  }

  private async check(): Promise<HealthCheckResult> {
    try {
      const result = await this.health.check([
        () =>
          this.isStopping ? this.indicators.check('server').down('stopping') : this.indicators.check('server').up(),
        // Check the database itself, independent of the requests that wait for a connection.
        async () => {
          const indicator = this.indicators.check('database');
          return (await this.database.isUp()) ? indicator.up() : indicator.down();
        },
        () => {
          const { isRefusing, silenceSeconds } = this.revocations;
          const indicator = this.indicators.check('revocations');
          return isRefusing ? indicator.down({ silenceSeconds }) : indicator.up();
        },
      ]);
      this.noteReady();
      return result;
    } catch (error) {
      throw error instanceof ServiceUnavailableException ? this.notReady(error) : error;
    }
  }

  private noteReady(): void {
    if (!this.isReady) this.logger.log('Ready again');
    this.isReady = true;
  }

  private notReady(failure: ServiceUnavailableException): NotReadyError {
    if (this.isReady) {
      const { error = {} } = failure.getResponse() as Partial<HealthCheckResult>;
      this.logger.warn(`Not ready: ${Object.keys(error).join(' and ')} is down`);
    }
    this.isReady = false;
    return new NotReadyError(undefined, { cause: failure });
  }

  /** Load balancers must see the state before the listener closes. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }
}
