import { Logger } from '@nestjs/common';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { FeedTokenRefusedError, RevocationFeedClient } from './revocation-feed-client.js';
import { checkedRevocationSettings } from '../settings/revocation-settings.js';
import { RevocationSource } from './revocation-source.js';
import { readSecurityEvent } from './security-event.js';
import type { IssuerSettings } from '../settings/auth-settings.js';
import type { Clock } from './clock.js';
import type { FeedMessage } from './revocation-feed-client.js';
import type { IssuerRevocationHealth } from './issuer-revocation-health.js';
import type { RevocationHealth } from './revocation-health.js';
import type { RevocationSet } from './revocation-set.js';
import type { SecurityEventRules } from './security-event.js';
import type { TrustedIssuers } from '../tokens/trusted-issuers.js';
import type { VerificationKeys } from '../keys/verification-keys.js';

const MIN_PAUSE_MILLISECONDS = 100;
const MAX_PAUSE_MILLISECONDS = 5000;
/** An issuer that is down must not keep an application from starting: it starts, and knows nothing. */
const FIRST_WAIT_MILLISECONDS = 3000;

/** A snapshot comes in faster than it is applied: requests have a turn after so long. */
const MAX_TURN_MILLISECONDS = 5;

class GapError extends Error {}

/**
 * Keeps the set of an application without a database equal to what an issuer has revoked: a snapshot first, then every
 * revocation as it happens, in its order and without a gap. What cannot be proven is not believed, and what cannot be
 * understood does not stop what follows.
 *
 * Nothing ever makes a revoked token good again: a fresh snapshot is added to what is known, and takes nothing away.
 *
 * @see docs/revocation.md
 */
export class FeedRevocationSource extends RevocationSource {
  private readonly logger = new Logger(FeedRevocationSource.name);
  private readonly stopping = new AbortController();
  private readonly client: RevocationFeedClient;
  private readonly whose: SecurityEventRules;
  private readonly health: IssuerRevocationHealth;
  private set: RevocationSet | undefined;
  private running: Promise<void> | undefined;
  private place: { readonly sequence: number; readonly cursor: string } | undefined;
  private isLoading = true;
  /** Amid a snapshot: the place up to which nothing is missing. */
  private covered = 0;
  private failures = 0;
  private lastDefect = '';
  private settleFirst: () => void = () => undefined;

  /**
   * @param settings of the one issuer whose feed is followed: the settings of the application, or one of its `issuers`
   * @throws Error with a sentence that says what to write
   */
  constructor(
    settings: IssuerSettings,
    issuers: TrustedIssuers,
    private readonly keys: VerificationKeys,
    health: RevocationHealth,
    private readonly clock: Clock,
  ) {
    super();
    const { issuer } = settings;
    const rules = issuers.get(issuer);
    const ofIssuer = health.of(issuer);
    if (rules === undefined || ofIssuer === undefined) {
      throw new Error(`FeedRevocationSource: ${issuer} is none of the issuers that the application trusts.`);
    }
    this.client = new RevocationFeedClient(settings);
    this.whose = { rules, audience: checkedRevocationSettings(settings).audience };
    this.health = ofIssuer;
  }

  /** Resolves when all is known or the first attempt has failed, and goes on until `stop()`. */
  override async follow(set: RevocationSet): Promise<void> {
    this.set = set;
    this.health.followingStarted();
    const first = new Promise<void>((resolve) => (this.settleFirst = resolve));
    this.running = this.run();
    await Promise.race([first, delay(FIRST_WAIT_MILLISECONDS, undefined, { ref: false })]);
  }

  /** Ends following. */
  override async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      try {
        await this.takeAll(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.noteDefect(error);
        // Perhaps the key that signed it was killed, and the feed can tell nobody who holds such a token: the published keys can.
        if (error instanceof FeedTokenRefusedError) void this.keys.renew(this.whose.rules.issuer);
      }
      this.settleFirst();
      // All followers lose a server in the same moment: they must not come back in the same moment.
      const pause = Math.min(MAX_PAUSE_MILLISECONDS, MIN_PAUSE_MILLISECONDS * 2 ** this.failures);
      this.failures += 1;
      await delay(pause * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      this.health.counters.reconnects += 1;
    }
  }

  private async takeAll(signal: AbortSignal): Promise<void> {
    let turnBeganAt = performance.now();
    for await (const message of this.client.messages(this.place?.cursor, signal)) {
      await this.take(message);
      if (performance.now() - turnBeganAt < MAX_TURN_MILLISECONDS) continue;
      await nextTurn();
      turnBeganAt = performance.now();
    }
  }

  private async take(message: FeedMessage): Promise<void> {
    if (message.type === 'reset') {
      this.isLoading = true;
      this.covered = 0;
      this.place = undefined;
    } else if (message.type === 'position') {
      this.arrive(message.sequence, message.cursor);
    } else {
      await this.apply(message.text, message.cursor);
    }
  }

  private async apply(text: string, cursor: string | undefined): Promise<void> {
    const { counters } = this.health;
    const event = await readSecurityEvent(text, this.keys, this.whose).catch((error: Error) => {
      counters.rejected += 1;
      throw new Error(`an event of the feed is not accepted: ${String(error.cause)}`);
    });
    counters.received += 1;
    const { sequence, page, revocations, happenedAt } = event;
    if (page !== undefined) this.cover(page.after, page.upTo);
    if (sequence !== undefined && !this.isNext(sequence)) return;
    for (const revocation of revocations) {
      this.set!.add(revocation);
      // Another key signs from now on: better to know it before the first token that it signs.
      if (revocation.kind === 'key') void this.keys.renew(this.whose.rules.issuer);
    }
    counters.applied += revocations.length;
    if (revocations.length === 0 && page === undefined) counters.ignored += 1;
    if (sequence === undefined || this.place === undefined) return;
    this.place = { sequence, cursor: cursor ?? this.place.cursor };
    // No contact: a replica that lags behind tells of old ones, and only a position says that there is nothing newer.
    if (happenedAt !== undefined) this.health.recordLag(this.clock.now() / 1000 - happenedAt);
  }

  private isNext(sequence: number): boolean {
    if (this.place === undefined) {
      this.cover(sequence - 1, sequence);
      return true;
    }
    if (sequence <= this.place.sequence) {
      this.health.counters.duplicates += 1;
      return false;
    }
    if (sequence !== this.place.sequence + 1) this.noteGap(sequence);
    return true;
  }

  /** Pages and events of a snapshot may overlap, but leave nothing out in between. */
  private cover(after: number, upTo: number): void {
    if (!this.isLoading) return;
    if (after > this.covered) this.noteGap(upTo);
    this.covered = Math.max(this.covered, upTo);
  }

  private arrive(sequence: number, cursor: string): void {
    if (this.isLoading) {
      if (sequence !== this.covered) this.noteGap(sequence);
      this.isLoading = false;
      this.health.counters.snapshots += 1;
    } else if (this.place?.sequence !== sequence) {
      this.noteGap(sequence);
    }
    this.place = { sequence, cursor };
    this.failures = 0;
    this.health.upToDateAt(cursor);
    if (this.lastDefect !== '')
      this.logger.log(`The feed of revocations of ${this.whose.rules.issuer} is followed again`);
    this.lastDefect = '';
    this.settleFirst();
  }

  /** Something is missing in between: only a fresh snapshot tells what. */
  private noteGap(sequence: number): never {
    const expected = this.place?.sequence ?? this.covered;
    this.health.counters.gaps += 1;
    this.place = undefined;
    this.isLoading = true;
    throw new GapError(`the feed leaps from ${expected} to ${sequence}`);
  }

  private noteDefect(error: unknown): void {
    const defect = error instanceof Error ? reasonOf(error) : 'unknown';
    if (defect !== this.lastDefect)
      this.logger.warn(`The feed of revocations of ${this.whose.rules.issuer}: ${defect}; trying again`);
    this.lastDefect = defect;
  }
}

/** `fetch failed` says nothing: what failed is in its cause. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
