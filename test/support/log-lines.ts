import type { LoggerService } from '@nestjs/common';

/** A logger that keeps warnings, errors and log messages as text. */
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

  /** The matching lines. */
  of(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line));
  }
}
