import { SingleFlight } from 'postern/problem';
import { Injectable, Logger, Optional } from '@nestjs/common';
import { RevocationHealth, RevocationSource } from 'postern/auth';
import type { RevocationSet } from 'postern/auth';
import { OutageLog } from 'postern/persistence';
import { CheckedRevocationsSettings } from '../checked-revocations-settings.js';
import { START } from '../feed/feed-position.js';
import { RECENT_LIMIT, RevocationFeed } from '../feed/revocation-feed.js';
import { RevocationSignal } from '../signals/revocation-signal.js';
import { RevocationTable } from './revocation-table.js';
import type { SequencedRevocation } from './revocation-table.js';

const PAGE_SIZE = 5000;

/** The start numbers at most this many pages. Numbering that never catches up must fail instead of delay the start. */
const MAX_ROUNDS = 1000;
/** A failover needs one reload. More of them in one read come from databases that differ behind one address. */
const MAX_RELOADS = 3;

/**
 * The only reader of revocations in this server. It reads all of them at the start, and then new ones after each signal
 * and at each poll, and passes them to the set of this server and to the feed for other services.
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
  private readonly outage = new OutageLog(
    this.logger,
    'Reading of revocations failed, will retry',
    'Reading of revocations works again; all revocations are known',
    'error',
  );
  private readonly numberingOutage = new OutageLog(
    this.logger,
    'Numbering of revocations failed, will retry; replicas and followers are delayed',
    'Numbering of revocations works again',
  );
  private readonly reading = new SingleFlight(() => this.read());
  private set: RevocationSet | undefined;
  private timer: NodeJS.Timeout | undefined;
  private place = START;
  private contact: number | undefined;

  constructor(
    private readonly table: RevocationTable,
    private readonly signal: RevocationSignal,
    private readonly feed: RevocationFeed,
    private readonly terms: CheckedRevocationsSettings,
    @Optional() private readonly health?: RevocationHealth,
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
    for (let rounds = 0; !(await this.reading.after()); rounds += 1) {
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
    await this.reading.after().catch(() => undefined);
  }

  private schedule(): void {
    if (!this.set) return;
    this.timer = setTimeout(() => void this.look().then(() => this.schedule()), this.terms.pollSeconds * 1000).unref();
  }

  private async look(): Promise<void> {
    try {
      await this.reading.after();
      this.outage.recordSuccess();
    } catch (error) {
      if (this.set) this.outage.recordFailure(error);
    }
  }

  /**
   * Reads up to the end of the table.
   *
   * @returns whether the set holds all committed revocations
   */
  private async read(): Promise<boolean> {
    const { set } = this;
    if (!set) return true;
    let after = this.place;
    if (after === START) set.beginSnapshot();
    let recent: SequencedRevocation[] = [];
    let reloads = 0;
    for (;;) {
      const startedAt = performance.now();
      const page = await this.table.since(this.place, PAGE_SIZE).catch((error: unknown) => {
        // The next connection may reach another database (a restored backup) with other numbers.
        this.place = START;
        throw error;
      });
      if (this.set !== set) return true;
      this.contact = this.terms.now().getTime();
      if (!page) {
        if ((reloads += 1) > MAX_RELOADS) throw new Error('the revocations changed in each of several reads');
        this.logger.warn('Last revocation read no longer exists (failover?); reloading all');
        this.place = after = START;
        set.beginSnapshot();
        recent = [];
        continue;
      }
      const { entries, end, lastSequence, unordered } = page;
      for (const revocation of entries) set.add(revocation);
      // A revocation takes effect before it has a number.
      for (const revocation of unordered) set.add(revocation);
      this.place = end;
      recent = [...recent, ...entries].slice(-RECENT_LIMIT);
      if (unordered.length > 0) void this.number();
      if (entries.length === PAGE_SIZE) continue;
      set.endSnapshot();
      const completeAt = unordered.length === 0 ? startedAt : undefined;
      this.feed.append({ after, entries: recent, end, lastSequence, completeAt });
      const isComplete = unordered.length < PAGE_SIZE;
      if (isComplete) this.health?.upToDateAt(String(end.sequence));
      return isComplete;
    }
  }

  /**
   * Numbers the revocations of a replica that died between its commit and the numbering. Reading does not wait for it,
   * because it needs a connection of the pool, which may be busy.
   */
  private async number(): Promise<void> {
    try {
      await this.table.order();
      this.numberingOutage.recordSuccess();
    } catch (error) {
      if (this.set) this.numberingOutage.recordFailure(error);
      return;
    }
    await this.look();
  }
}
