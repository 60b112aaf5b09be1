import type { Logger } from '@nestjs/common';

/** The defect, if a retry alone does not help, and the change that an operator has to make. */
export interface Remedy {
  readonly summary: string;
  readonly text: string;
}

/**
 * Logs an outage once when it starts and once when it ends, and each remedy once. Other failures in between are logged
 * at the level `debug`.
 */
export class OutageLog {
  private isOut = false;
  private readonly remedies = new Set<Remedy>();

  constructor(
    private readonly logger: Logger,
    private readonly startText: string,
    private readonly endText: string,
    private readonly level: 'warn' | 'error' = 'warn',
  ) {}

  recordFailure(error: unknown, remedy?: Remedy): void {
    const line = remedy ? `${remedy.summary}: ${String(error)}. ${remedy.text}` : `${this.startText}: ${String(error)}`;
    const isNew = !this.isOut || (remedy !== undefined && !this.remedies.has(remedy));
    this.logger[isNew ? this.level : 'debug'](line);
    this.isOut = true;
    if (remedy !== undefined) this.remedies.add(remedy);
  }

  recordSuccess(): void {
    if (this.isOut) this.logger.log(this.endText);
    this.isOut = false;
    this.remedies.clear();
  }
}
