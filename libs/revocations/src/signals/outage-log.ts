import type { Logger } from '@nestjs/common';

/** Tells once that something is lost and once that it is back: the failures between them are no news, and go to `debug`. */
export class OutageLog {
  private isLost = false;

  constructor(
    private readonly logger: Logger,
    private readonly lost: string,
    private readonly back: string,
  ) {}

  noteLoss(error: unknown): void {
    const sentence = `${this.lost}: ${String(error)}`;
    if (this.isLost) this.logger.debug(sentence);
    else this.logger.warn(sentence);
    this.isLost = true;
  }

  noteReturn(): void {
    if (this.isLost) this.logger.log(this.back);
    this.isLost = false;
  }
}
