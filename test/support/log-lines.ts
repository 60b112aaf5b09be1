import type { LoggerService } from '@nestjs/common';

/** A log that a test reads: the warnings, the errors, and the news, one text for each. */
export class LogLines implements LoggerService {
  readonly lines: string[] = [];

  log(message: unknown): void {
    this.lines.push(`log: ${String(message)}`);
  }

  warn(message: unknown): void {
    this.lines.push(`warn: ${String(message)}`);
  }

  error(message: unknown): void {
    this.lines.push(`error: ${String(message)}`);
  }

  /** The lines that match. */
  of(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }
}
