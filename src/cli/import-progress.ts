import type { UnreadableEntry, UserImportSummary } from 'postern/accounts/import';

const BAR_WIDTH = 24;
const TERMINAL_INTERVAL_MILLISECONDS = 200;
/** A log gets a line at each tenth of the file. */
const LOG_STEPS = 10;

/**
 * Reports the progress of an import on the standard error: a bar on a terminal, otherwise a line at each tenth of the
 * file. Each rejected line is a line of its own.
 */
export class ImportProgress {
  private readonly startedAt = Date.now();
  private shownAt = 0;
  private step = 0;
  private hasBar = false;

  constructor(
    private readonly bytesRead: () => number,
    private readonly totalBytes: number,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {}

  /** Shows how far the import is. */
  update(summary: UserImportSummary): void {
    const share = this.totalBytes === 0 ? 1 : Math.min(1, this.bytesRead() / this.totalBytes);
    if (this.stream.isTTY) this.drawBar(share, summary);
    else this.writeStep(share, summary);
  }

  /** Reports a line that was not imported. */
  reject({ line, reason, isSkipped = false, file }: UnreadableEntry): void {
    this.clear();
    const place = file === undefined ? `line ${line}` : `line ${line} of the hashes`;
    this.stream.write(`${place}: ${isSkipped ? 'left out, ' : ''}${reason}\n`);
  }

  /** Removes the bar. */
  clear(): void {
    if (this.hasBar) this.stream.write('\r\u001b[2K');
    this.hasBar = false;
  }

  private drawBar(share: number, summary: UserImportSummary): void {
    if (Date.now() - this.shownAt < TERMINAL_INTERVAL_MILLISECONDS) return;
    this.shownAt = Date.now();
    const filled = Math.round(share * BAR_WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    this.stream.write(`\r\u001b[2K${bar} ${this.sentenceOf(share, summary)}`);
    this.hasBar = true;
  }

  private writeStep(share: number, summary: UserImportSummary): void {
    const step = Math.floor(share * LOG_STEPS);
    if (step <= this.step || share === 1) return;
    this.step = step;
    this.stream.write(`${this.sentenceOf(share, summary)}\n`);
  }

  private sentenceOf(share: number, { imported, existing, rejected }: UserImportSummary): string {
    const done = imported + existing;
    const perSecond = Math.round((done * 1000) / Math.max(1, Date.now() - this.startedAt));
    return `${Math.floor(share * 100)} % · ${done} users · ${rejected} rejected · ${perSecond} users/s`;
  }
}
