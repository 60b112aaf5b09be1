import { Logger } from '@nestjs/common';
import { RevocationsUnknownError } from '../auth.errors.js';
import { checkedRevocationSettings } from '../settings/revocation-settings.js';
import type { IssuerSettings } from '../settings/auth-settings.js';
import type { Clock } from './clock.js';
import type { RevocationSet } from './revocation-set.js';

/**
 * - `unfollowed`: this application has no source of revocations
 * - `known`: it knows all revocations, as of `silenceSeconds` ago
 * - `unknown`: the source has been silent for longer than `maximumSilenceSeconds`
 */
export type RevocationStatus = 'unfollowed' | 'known' | 'unknown';

/** Counters since the start, for metrics. */
export interface RevocationCounters {
  /** Verified events. */
  received: number;
  /** Revocations that were added to the set. */
  applied: number;
  /** Verified events of a type that this version does not know. */
  ignored: number;
  /** Events that were received before. */
  duplicates: number;
  /** Events that were rejected: forged, malformed, or for another audience. */
  rejected: number;
  /** Connections after the first. */
  reconnects: number;
  /** Gaps in the sequence. Each gap leads to a new snapshot. */
  gaps: number;
  /** Snapshots that were applied completely. */
  snapshots: number;
  /** Valid tokens that were rejected because revocations were unknown. */
  refusedWhileSilent: number;
}

/** Reports how up to date the revocations of one issuer are. */
export class IssuerRevocationHealth {
  readonly counters: RevocationCounters = {
    received: 0,
    applied: 0,
    ignored: 0,
    duplicates: 0,
    rejected: 0,
    reconnects: 0,
    gaps: 0,
    snapshots: 0,
    refusedWhileSilent: 0,
  };
  private readonly logger = new Logger('Revocations');
  private readonly issuer: string;
  private readonly maximumSilenceMilliseconds: number;
  private readonly refuses: boolean;
  private isFollowing = false;
  private hasReportedSilence = false;
  // Monotonic time: a step of the system clock must not simulate or hide a silence.
  private heardAt = Number.NEGATIVE_INFINITY;
  private contactAt: number | undefined;
  private position: string | undefined;
  private lag: number | undefined;

  /** @throws Error that names the setting and the fix */
  constructor(
    settings: IssuerSettings,
    private readonly set: RevocationSet,
    private readonly clock: Clock,
  ) {
    const { maximumSilenceSeconds, whenSilent } = checkedRevocationSettings(settings);
    this.issuer = settings.issuer;
    this.maximumSilenceMilliseconds = maximumSilenceSeconds * 1000;
    this.refuses = whenSilent === 'refuse';
  }

  /** A source calls this when it starts: revocations are unknown until the first `upToDateAt`. */
  followingStarted(): void {
    this.isFollowing = true;
  }

  /**
   * A source calls this whenever the set contains all revocations.
   *
   * @param cursor the position of the source
   */
  upToDateAt(cursor?: string): void {
    this.heardAt = performance.now();
    this.contactAt = this.clock.now();
    this.position = cursor ?? this.position;
    if (this.hasReportedSilence) this.logger.log(`The revocations of ${this.issuer} are known again`);
    this.hasReportedSilence = false;
  }

  /** A source calls this with the delay of a revocation in seconds. */
  recordLag(seconds: number): void {
    this.lag = Math.max(0, seconds);
  }

  get status(): RevocationStatus {
    if (!this.isFollowing) return 'unfollowed';
    return this.isSilent ? 'unknown' : 'known';
  }

  /** Whether the guard currently answers 503, because the revocations of this issuer are unknown. */
  get isRefusing(): boolean {
    return this.isFollowing && this.refuses && this.isSilent;
  }

  /** Seconds since the set last contained all revocations; infinite before the first time. */
  get silenceSeconds(): number {
    return (performance.now() - this.heardAt) / 1000;
  }

  /** All values as plain data. `lagSeconds` is the delay of the latest revocation, measured by both clocks. */
  report(): RevocationReport {
    return {
      status: this.status,
      lastContactAt: this.contactAt === undefined ? undefined : new Date(this.contactAt),
      silenceSeconds: this.contactAt === undefined ? undefined : this.silenceSeconds,
      entries: this.set.sizeOf(this.issuer),
      cursor: this.position,
      lagSeconds: this.lag,
      ...this.counters,
    };
  }

  /**
   * Logs the first token of a silence that the settings accept.
   *
   * @throws RevocationsUnknownError if the revocations of this issuer are unknown and the settings do not accept that
   */
  assertKnown(): void {
    if (!this.isFollowing || !this.isSilent) return;
    if (!this.refuses) return this.reportSilence();
    this.counters.refusedWhileSilent += 1;
    throw new RevocationsUnknownError();
  }

  private reportSilence(): void {
    if (this.hasReportedSilence) return;
    this.hasReportedSilence = true;
    this.logger.warn(
      `The revocations of ${this.issuer} have been unknown for more than ${this.maximumSilenceMilliseconds / 1000} s. Its tokens are accepted, ` +
        `also revoked ones, because "revocations.whenSilent" is "accept"`,
    );
  }

  private get isSilent(): boolean {
    return performance.now() - this.heardAt > this.maximumSilenceMilliseconds;
  }
}

/** The state of one issuer's revocations. */
export interface RevocationReport extends RevocationCounters {
  readonly status: RevocationStatus;
  readonly lastContactAt: Date | undefined;
  readonly silenceSeconds: number | undefined;
  /** Entries of this issuer in the set. */
  readonly entries: number;
  readonly cursor: string | undefined;
  readonly lagSeconds: number | undefined;
}
