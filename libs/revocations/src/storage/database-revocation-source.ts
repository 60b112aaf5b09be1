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

/** The start numbers at most this many pages. Numbering that never catches up must fail instead of delay the start. */
const MAX_ROUNDS = 1000;
/** A failover needs one reload. More of them in one read come from databases that differ behind one address. */
const MAX_RELOADS = 3;

/**
 * Keeps the set of revocations of this server equal to the database: it reads all of them at the start, and then new
 * ones after each signal and at each poll.
 *
 * @example
 * ```ts
 * AuthModule.forRoot({
 *   issuer,
 *   audience,
 *   revocationSource: DatabaseRevocationSource,
 *   revocationPublisher: DatabaseRevocationPublisher,
 * })
 * ```
 */
@Injectable()
export class DatabaseRevocationSource extends RevocationSource {
  private readonly logger = new Logger(DatabaseRevocationSource.name);
  private readonly numbering = new OutageLog(
    this.logger,
    'Numbering of revocations failed, will retry; replicas and followers are delayed',
    'Numbering of revocations works again',
  );
  private set: RevocationSet | undefined;
  private timer: NodeJS.Timeout | undefined;
  private place = START;
  private contact: number | undefined;
  private isCutOff = false;
  private reading: Promise<boolean> | undefined;
  private ordering: Promise<void> | undefined;
  private isStale = false;

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

  /** Resolves when the set holds all revocations committed before the call, and keeps it current until `stop()`. */
  async follow(set: RevocationSet): Promise<void> {
    this.set = set;
    this.health?.followingStarted();
    // A page has room for 5,000 revocations without a number: number the rest, and read them.
    for (let rounds = 0; !(await this.catchUp()); rounds += 1) {
      if (rounds === MAX_ROUNDS) throw new Error('Revocations arrive faster than they can be numbered.');
      await this.table.order();
    }
    await this.signal.listen((sequence) => {
      if (sequence > this.place.sequence) void this.look();
    });
    this.schedule();
  }

  /** Stops following. */
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
      if (this.isCutOff) this.logger.log('Reading of revocations works again; all revocations are known');
      this.isCutOff = false;
    } catch (error) {
      if (!this.set) return;
      if (!this.isCutOff) this.logger.error(`Reading of revocations failed, will retry: ${String(error)}`);
      this.isCutOff = true;
      // The next connection may reach another database (a restored backup) with other numbers.
      this.restart();
    }
  }

  /** Reads all revocations again. The set keeps those that it has. */
  private restart(): void {
    this.place = START;
    this.position?.noteInterruption();
  }

  /**
   * Concurrent calls share one further read: their revocation may have been committed after the current query.
   *
   * @returns whether the set holds all committed revocations
   */
  private catchUp(): Promise<boolean> {
    this.isStale = true;
    this.reading ??= this.readAll().finally(() => (this.reading = undefined));
    return this.reading;
  }

  private async readAll(): Promise<boolean> {
    const { set } = this;
    let isComplete = true;
    if (!set) return isComplete;
    let reloads = 0;
    while (this.isStale) {
      this.isStale = false;
      const startedAt = performance.now();
      const page = await this.table.since(this.place, PAGE_SIZE);
      if (this.set !== set) break;
      this.contact = this.clock.now();
      if (!page) {
        if ((reloads += 1) > MAX_RELOADS) throw new Error('the revocations changed in each of several reads');
        this.logger.warn('Last revocation read no longer exists (failover?); reloading all');
        this.restart();
        this.isStale = true;
        continue;
      }
      const { entries, end, unordered } = page;
      for (const { sequence: _, ...revocation } of entries) set.add(revocation);
      // A revocation takes effect before it has a number.
      for (const revocation of unordered) set.add(revocation);
      this.place = end;
      if (unordered.length > 0) this.numberCommitted();
      if (entries.length === PAGE_SIZE) {
        this.isStale = true;
        continue;
      }
      isComplete = unordered.length < PAGE_SIZE;
      if (isComplete) this.health?.upToDateAt(String(end.sequence));
      if (unordered.length === 0) this.position?.note(end.sequence, startedAt);
      else this.position?.noteMove(end.sequence);
    }
    return isComplete;
  }

  /**
   * Numbers the revocations of a replica that died between its commit and the numbering. Not awaited: it needs a
   * connection of the pool, and reading must not wait for a busy pool.
   */
  private numberCommitted(): void {
    this.ordering ??= this.order().finally(() => (this.ordering = undefined));
  }

  private async order(): Promise<void> {
    try {
      await this.table.order();
      this.numbering.recordSuccess();
    } catch (error) {
      if (this.set) this.numbering.recordFailure(error);
      return;
    }
    void this.look();
  }
}
