import { Injectable, Logger, Optional } from '@nestjs/common';
import { Clock, RevocationHealth, RevocationSource } from 'postern/auth';
import type { RevocationSet } from 'postern/auth';
import { OutageLog } from '../signals/outage-log.js';
import { START } from '../feed/feed-position.js';
import { RevocationTable } from './revocation-table.js';
import { ReadPosition } from './read-position.js';
import { RevocationSignal } from '../signals/revocation-signal.js';
import { CheckedRevocationsSettings } from '../checked-revocations-settings.js';

const PAGE_SIZE = 5000;

/**
 * Keeps this server's set of revocations equal to the database's: all of them at start, then each as soon as a signal
 * tells of it, and by a poll where no signal comes.
 *
 * @example
 * ```ts
 * AuthModule.forRoot({ issuer, audience, revocationSource: DatabaseRevocationSource, revocationPublisher: DatabaseRevocationPublisher })
 * ```
 */
@Injectable()
export class DatabaseRevocationSource extends RevocationSource {
  private readonly logger = new Logger(DatabaseRevocationSource.name);
  private readonly disorder = new OutageLog(
    this.logger,
    'Revocations are not put in order for now, and not told to other services',
    'Revocations are put in order again',
  );
  private set: RevocationSet | undefined;
  private timer: NodeJS.Timeout | undefined;
  private place = START;
  private contact: number | undefined;
  private isCutOff = false;
  private reading: Promise<boolean> | undefined;
  private ordering: Promise<void> | undefined;
  private isAskedAgain = false;

  constructor(
    private readonly table: RevocationTable,
    private readonly signal: RevocationSignal,
    private readonly terms: CheckedRevocationsSettings,
    private readonly clock: Clock,
    @Optional() private readonly health?: RevocationHealth,
    @Optional() private readonly position?: ReadPosition,
  ) {
    super();
  }

  /** When the database last answered, in epoch milliseconds; `undefined` before the first time. */
  get lastContactAt(): number | undefined {
    return this.contact;
  }

  /** Resolves when the set holds all that was committed before the call, and keeps it so until `stop()`. */
  async follow(set: RevocationSet): Promise<void> {
    this.set = set;
    this.health?.followingStarted();
    // Of more revocations without a place than fit a page, the others are known when they have one.
    while (!(await this.catchUp())) await this.table.order();
    await this.signal.listen((sequence) => {
      if (sequence > this.place.sequence) void this.look();
    });
    this.schedule();
  }

  /** Ends following. */
  async stop(): Promise<void> {
    this.set = undefined;
    clearTimeout(this.timer);
    await this.signal.stop();
    await this.reading?.catch(() => undefined);
  }

  private schedule(): void {
    if (!this.set) return;
    this.timer = setTimeout(() => void this.look().then(() => this.schedule()), this.terms.pollSeconds * 1000).unref();
  }

  private async look(): Promise<void> {
    try {
      await this.catchUp();
      if (this.isCutOff) this.logger.log('The database answers again; all revocations are known');
      this.isCutOff = false;
    } catch (error) {
      if (!this.set) return;
      if (!this.isCutOff) this.logger.error(`The database does not tell of revocations: ${String(error)}`);
      this.isCutOff = true;
      // What answers next may be another database, restored from a backup, whose numbers mean something else.
      this.beginAnew();
    }
  }

  /** All is read anew. What is known stays in the set. */
  private beginAnew(): void {
    this.place = START;
    this.position?.noteInterruption();
  }

  /**
   * Calls that come while it reads share one further turn: what they tell of may have come after its query.
   *
   * @returns whether the set holds all that was committed
   */
  private catchUp(): Promise<boolean> {
    this.isAskedAgain = true;
    this.reading ??= this.readAll().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readAll(): Promise<boolean> {
    const { set } = this;
    let isComplete = true;
    if (!set) return isComplete;
    while (this.isAskedAgain) {
      this.isAskedAgain = false;
      const askedAt = performance.now();
      const page = await this.table.since(this.place, PAGE_SIZE);
      if (this.set !== set) break; // stopped meanwhile
      this.contact = this.clock.now();
      if (!page) {
        this.logger.warn('The last revocation that was read is not there any more: all are read anew');
        this.beginAnew();
        this.isAskedAgain = true;
        continue;
      }
      const { entries, end, unordered } = page;
      for (const { sequence: _, ...revocation } of entries) set.add(revocation);
      // To refuse, no order is needed.
      for (const revocation of unordered) set.add(revocation);
      this.place = end;
      if (unordered.length > 0) this.putInOrder();
      if (entries.length === PAGE_SIZE) {
        this.isAskedAgain = true;
        continue;
      }
      isComplete = unordered.length < PAGE_SIZE;
      if (isComplete) this.health?.upToDateAt(String(end.sequence));
      if (unordered.length === 0) this.position?.note(end.sequence, askedAt);
      else this.position?.noteMove(end.sequence);
    }
    return isComplete;
  }

  /**
   * A replica that died between its commit and the numbering left them behind. Nobody waits for it here: it needs a connection
   * of the pool, and what is revoked meanwhile must be heard of however busy that is.
   */
  private putInOrder(): void {
    this.ordering ??= this.order().finally(() => (this.ordering = undefined));
  }

  private async order(): Promise<void> {
    try {
      await this.table.order();
      this.disorder.noteReturn();
    } catch (error) {
      if (this.set) this.disorder.noteLoss(error);
      return;
    }
    void this.look();
  }
}
