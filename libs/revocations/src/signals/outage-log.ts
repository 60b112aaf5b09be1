import type { Logger } from '@nestjs/common';

/** Logs an outage once when it starts and once when it ends. Failures in between are logged at the level `debug`. */
export class OutageLog {
  private isOut = false;

  constructor(
    private readonly logger: Logger,
    private readonly startText: string,
    private readonly endText: string,
  ) {}

  recordFailure(error: unknown): void {
    const line = `${this.startText}: ${String(error)}`;
    if (this.isOut) this.logger.debug(line);
    else this.logger.warn(line);
    this.isOut = true;
  }

  recordSuccess(): void {
    if (this.isOut) this.logger.log(this.endText);
    this.isOut = false;
  }
}
