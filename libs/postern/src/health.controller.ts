import { Controller, Get, Logger, ServiceUnavailableException, VERSION_NEUTRAL } from '@nestjs/common';
import type { BeforeApplicationShutdown } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService } from '@nestjs/terminus';
import type { HealthCheckResult } from '@nestjs/terminus';
import { Public, RevocationHealth } from 'postern/auth';
import { DatabaseHealth } from 'postern/persistence';
import { ApiProblems, ServiceUnavailableError } from 'postern/problem';
import { HealthDto } from './health.dto.js';

const UP = { server: { status: 'up' }, database: { status: 'up' }, revocations: { status: 'up' } };

/** The probe was answered with 503. The change to that was logged when it came, and not for each probe. */
class NotReadyError extends ServiceUnavailableError {
  override readonly isLogged = true;
}

/** Tells an orchestrator whether the process lives, and whether it can serve. */
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

  @Public()
  @Get('ready')
  @ApiOperation({
    summary: 'Can the server serve?',
    description:
      'Answers 200 only when the database has answered within the last second, revocations are known well enough to accept tokens, and the server is not about to stop. Send no traffic while it answers 503.',
  })
  @ApiOkResponse({
    type: HealthDto,
    description: 'The server can serve.',
    example: { status: 'ok', info: UP, error: {}, details: UP },
  })
  @ApiProblems(ServiceUnavailableError)
  async ready(): Promise<HealthCheckResult> {
    this.checking ??= this.check().finally(() => (this.checking = undefined));
    // A copy, since a team's subclass may add to it.
    return { ...(await this.checking) };
  }

  private async check(): Promise<HealthCheckResult> {
    try {
      const result = await this.health.check([
        () =>
          this.isStopping ? this.indicators.check('server').down('stopping') : this.indicators.check('server').up(),
        // Whether the database answers, and not how many requests wait for a connection.
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

  /** Load balancers need to see it before the listener closes. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
  }
}
