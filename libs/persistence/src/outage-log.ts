import type { Logger } from '@nestjs/common';

/** Logs an outage once when it starts and once when it ends. Failures in between are logged at the level `debug`. */
export class OutageLog {
  private isOut = false;

  constructor(
    private readonly logger: Logger,
    private readonly startText: string,
    private readonly endText: string,
    private readonly level: 'warn' | 'error' = 'warn',
  ) {}

  recordFailure(error: unknown): void {
    this.logger[this.isOut ? 'debug' : this.level](`${this.startText}: ${String(error)}`);
    this.isOut = true;
  }

  recordSuccess(): void {
    if (this.isOut) this.logger.log(this.endText);
    this.isOut = false;
  }
}
