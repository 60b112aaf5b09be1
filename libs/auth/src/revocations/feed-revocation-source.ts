import { Logger } from '@nestjs/common';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { FeedTokenRefusedError, RevocationFeedClient } from './revocation-feed-client.js';
import { failureOf } from '../keys/fetch-json.js';
import { checkedRevocationSettings } from '../settings/revocation-settings.js';
import { RevocationSource } from './revocation-source.js';
import { readSecurityEvent } from './security-event.js';
import type { IssuerSettings } from '../settings/auth-settings.js';
import type { Clock } from './clock.js';
import type { FeedMessage } from './feed-message.js';
import type { IssuerRevocationHealth } from './issuer-revocation-health.js';
import type { RevocationHealth } from './revocation-health.js';
import type { RevocationSet } from './revocation-set.js';
import type { SecurityEventRules } from './security-event.js';
import type { TrustedIssuers } from '../tokens/trusted-issuers.js';
import type { VerificationKeys } from '../keys/verification-keys.js';

const MIN_PAUSE_MILLISECONDS = 100;
const MAX_PAUSE_MILLISECONDS = 5000;
/** How long the start waits for the feed. After that the application starts, and revocations are unknown. */
const FIRST_WAIT_MILLISECONDS = 3000;

/** How long a snapshot may be applied before other requests get a turn of the event loop. */
const MAX_TURN_MILLISECONDS = 5;

class GapError extends Error {}

/**
 * Follows the revocation feed of an issuer, for an application without a database: first a snapshot, then every
 * revocation as it happens, in order and without a gap. An event that cannot be verified is rejected. An event of an
 * unknown type is ignored.
 *
 * A revoked token never becomes valid again: a new snapshot only adds revocations to the set. It replaces the
 * permissions of roles, when it is complete.
 *
 * @see docs/revocation.md
 */
export class FeedRevocationSource extends RevocationSource {
  private readonly logger = new Logger(FeedRevocationSource.name);
  private readonly stopping = new AbortController();
  private readonly client: RevocationFeedClient;
  private readonly rules: SecurityEventRules;
  private readonly health: IssuerRevocationHealth;
  private set: RevocationSet | undefined;
  private running: Promise<void> | undefined;
  private position: { readonly sequence: number; readonly cursor: string } | undefined;
  private isLoading = true;
  /** During a snapshot: the sequence number up to which the snapshot has no gap. */
  private covered = 0;
  private failures = 0;
  private lastDefect = '';
  private settleFirst: () => void = () => undefined;

  /**
   * @param settings the issuer whose feed is followed: the settings of the application, or one of its `issuers`
   * @throws Error that names the setting and the fix
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
      throw new Error(`FeedRevocationSource: ${issuer} is not an issuer that the application trusts.`);
    }
    this.client = new RevocationFeedClient(settings);
    this.rules = { rules, audience: checkedRevocationSettings(settings).audience };
    this.health = ofIssuer;
  }

  /** Resolves when the set is complete or the first attempt has failed, and continues until `stop()`. */
  override async follow(set: RevocationSet): Promise<void> {
    this.set = set;
    this.health.followingStarted();
    const first = new Promise<void>((resolve) => (this.settleFirst = resolve));
    this.running = this.run();
    await Promise.race([first, delay(FIRST_WAIT_MILLISECONDS, undefined, { ref: false })]);
  }

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
        // The key of the token may be revoked. The feed cannot report this to a client with such a token; the JWKS can.
        if (error instanceof FeedTokenRefusedError) void this.keys.renew(this.rules.rules.issuer);
      }
      this.settleFirst();
      // All followers lose a server at the same time, and must not reconnect at the same time.
      const pause = Math.min(MAX_PAUSE_MILLISECONDS, MIN_PAUSE_MILLISECONDS * 2 ** this.failures);
      this.failures += 1;
      await delay(pause * (0.5 + Math.random() / 2), undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted) return;
      this.health.counters.reconnects += 1;
    }
  }

  private async takeAll(signal: AbortSignal): Promise<void> {
    let turnBeganAt = performance.now();
    for await (const message of this.client.messages(this.position?.cursor, signal)) {
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
      this.position = undefined;
      this.set!.beginSnapshot(this.rules.rules.issuer);
    } else if (message.type === 'position') {
      this.arrive(message.sequence, message.cursor);
    } else {
      await this.apply(message.text, message.cursor);
    }
  }

  private async apply(text: string, cursor: string | undefined): Promise<void> {
    const { counters } = this.health;
    const event = await readSecurityEvent(text, this.keys, this.rules).catch((error: Error) => {
      counters.rejected += 1;
      throw new Error(`an event of the feed was rejected: ${String(error.cause)}`);
    });
    counters.received += 1;
    const { sequence, page, revocations, happenedAt } = event;
    if (page !== undefined) this.cover(page.after, page.upTo);
    if (sequence !== undefined && !this.isNext(sequence)) return;
    for (const revocation of revocations) {
      this.set!.add(revocation);
      // Another key signs from now on, so fetch it before its first token arrives.
      if (revocation.kind === 'key') void this.keys.renew(this.rules.rules.issuer);
    }
    counters.applied += revocations.length;
    if (revocations.length === 0 && page === undefined) counters.ignored += 1;
    if (sequence === undefined || this.position === undefined) return;
    this.position = { sequence, cursor: cursor ?? this.position.cursor };
    // Not a contact: a replica that lags behind also sends events. Only a position shows that the set is complete.
    if (happenedAt !== undefined) this.health.recordLag(this.clock.now() / 1000 - happenedAt);
  }

  private isNext(sequence: number): boolean {
    if (this.position === undefined) {
      this.cover(sequence - 1, sequence);
      return true;
    }
    if (sequence <= this.position.sequence) {
      this.health.counters.duplicates += 1;
      return false;
    }
    if (sequence !== this.position.sequence + 1) this.noteGap(sequence);
    return true;
  }

  /** Pages and events of a snapshot may overlap, but may not have a gap. */
  private cover(after: number, upTo: number): void {
    if (!this.isLoading) return;
    if (after > this.covered) this.noteGap(upTo);
    this.covered = Math.max(this.covered, upTo);
  }

  private arrive(sequence: number, cursor: string): void {
    if (this.isLoading) {
      if (sequence !== this.covered) this.noteGap(sequence);
      this.isLoading = false;
      // The feed has read its database since this connection began, so no newer role is missing.
      this.set!.endSnapshot(this.rules.rules.issuer);
      this.health.counters.snapshots += 1;
    } else if (this.position?.sequence !== sequence) {
      this.noteGap(sequence);
    }
    this.position = { sequence, cursor };
    this.failures = 0;
    this.health.upToDateAt(cursor);
    if (this.lastDefect !== '') this.logger.log(`The revocation feed of ${this.rules.rules.issuer} is connected again`);
    this.lastDefect = '';
    this.settleFirst();
  }

  /** Revocations are missing, so the next connection requests a new snapshot. */
  private noteGap(sequence: number): never {
    const expected = this.position?.sequence ?? this.covered;
    this.health.counters.gaps += 1;
    this.position = undefined;
    this.isLoading = true;
    throw new GapError(`the feed has a gap between ${expected} and ${sequence}`);
  }

  private noteDefect(error: unknown): void {
    const defect = failureOf(error);
    if (defect !== this.lastDefect)
      this.logger.warn(`The revocation feed of ${this.rules.rules.issuer} failed, will retry: ${defect}`);
    this.lastDefect = defect;
  }
}
