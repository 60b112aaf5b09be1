import { RevocationsUnknownError } from '../auth.errors.js';
import { checkedRevocationSettings } from '../settings/revocation-settings.js';
import type { IssuerSettings } from '../settings/auth-settings.js';
import type { Clock } from './clock.js';
import type { RevocationSet } from './revocation-set.js';

/**
 * - `unfollowed`: nobody tells this application of revocations made elsewhere
 * - `known`: it knows all of them, as of `silenceSeconds` ago
 * - `unknown`: it has heard nothing for longer than `maximumSilenceSeconds`
 */
export type RevocationStatus = 'unfollowed' | 'known' | 'unknown';

/** What happened since the start. Plain numbers, for whatever collects metrics. */
export interface RevocationCounters {
  /** Events that arrived and were proven. */
  received: number;
  /** Revocations that were added to the set. */
  applied: number;
  /** Proven events of a type that this version does not know. */
  ignored: number;
  /** Events that had arrived before. */
  duplicates: number;
  /** Events that were refused: forged, malformed, for somebody else. */
  rejected: number;
  /** Connections after the first. */
  reconnects: number;
  /** Holes in the order; each is answered with a fresh snapshot. */
  gaps: number;
  /** Snapshots that were taken in completely. */
  snapshots: number;
  /** Good tokens that were refused, because revocations were unknown. */
  refusedWhileSilent: number;
}

/** How well this application knows what one issuer has revoked. */
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
  private readonly issuer: string;
  private readonly maximumSilenceMilliseconds: number;
  private readonly refuses: boolean;
  private isFollowing = false;
  // Of a clock that nobody sets: a step of the time of day must neither feign silence nor hide it.
  private heardAt = Number.NEGATIVE_INFINITY;
  private contactAt: number | undefined;
  private position: string | undefined;
  private lag: number | undefined;

  /** @throws Error with a sentence that says what to write */
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

  /** Called by a source that begins to follow: until it has heard all there is, revocations are unknown. */
  followingStarted(): void {
    this.isFollowing = true;
  }

  /**
   * Called by a source at every moment at which the set holds all that there is.
   *
   * @param cursor the place in the order that it has come to
   */
  upToDateAt(cursor?: string): void {
    this.heardAt = performance.now();
    this.contactAt = this.clock.now();
    this.position = cursor ?? this.position;
  }

  /** Called by a source that can tell how long a revocation took to arrive, in seconds. */
  recordLag(seconds: number): void {
    this.lag = Math.max(0, seconds);
  }

  get status(): RevocationStatus {
    if (!this.isFollowing) return 'unfollowed';
    return this.isSilent ? 'unknown' : 'known';
  }

  /** Whether good tokens are refused at the moment, because too much may have been revoked since. */
  get isRefusing(): boolean {
    return this.isFollowing && this.refuses && this.isSilent;
  }

  /** Seconds since the set held all that there was; infinite before the first time. */
  get silenceSeconds(): number {
    return (performance.now() - this.heardAt) / 1000;
  }

  /** All of it as plain data. `lagSeconds`: how long the latest revocation took to arrive, by both clocks. */
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
   * Lets a good token pass, unless too much may have been revoked since.
   *
   * @throws RevocationsUnknownError
   */
  assertKnown(): void {
    if (!this.isRefusing) return;
    this.counters.refusedWhileSilent += 1;
    throw new RevocationsUnknownError();
  }

  private get isSilent(): boolean {
    return performance.now() - this.heardAt > this.maximumSilenceMilliseconds;
  }
}

/** What is known of the revocations of one issuer at one moment. */
export interface RevocationReport extends RevocationCounters {
  readonly status: RevocationStatus;
  readonly lastContactAt: Date | undefined;
  readonly silenceSeconds: number | undefined;
  /** Held of this issuer. */
  readonly entries: number;
  readonly cursor: string | undefined;
  readonly lagSeconds: number | undefined;
}
