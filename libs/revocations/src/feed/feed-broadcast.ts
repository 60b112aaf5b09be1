import { setTimeout as delay } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { eventFrame } from './event-frame.js';
import { RevocationFeed } from './revocation-feed.js';
import { START, isSamePosition, positionOf, textOfCursor } from './feed-position.js';
import type { FeedPosition } from './feed-position.js';
import { SecurityEventSigner } from './security-event-signer.js';

/** How often followers get a position event if no revocation occurs. */
export const HEARTBEAT_MILLISECONDS = 1000;
const MAX_EVENTS_AT_ONCE = 100;
/**
 * The pause after a broadcast, in milliseconds for each millisecond of processor time. Revocations in the meantime are
 * sent together, and a thousand followers use at most a tenth of the thread.
 */
const PAUSE_FACTOR = 14;
/** The longest pause, so that a slow machine also sends each revocation in time. */
const MAX_PAUSE_MILLISECONDS = 140;

/** A follower and its open response. */
export interface Follower {
  readonly response: ServerResponse;
  /** Aborts when the follower disconnects, or when the server closes the stream. */
  readonly signal: AbortSignal;
  /** @throws Error if the follower may no longer read */
  readonly assertAllowed: () => void;
}

interface Member extends Follower {
  /** The follower leaves the broadcast and continues its own stream after the position. */
  readonly leave: (place: FeedPosition) => void;
  readonly end: (error: unknown) => void;
}

/** The event that states that the follower has received all revocations up to a position. */
export function positionFrame(place: FeedPosition): Buffer {
  return eventFrame('position', JSON.stringify({ sequence: place.sequence }), textOfCursor({ position: place })).frame;
}

/**
 * Writes new revocations to all followers that have read all earlier ones: one buffer and one timer for all of them.
 */
@Injectable()
export class FeedBroadcast {
  private readonly members = new Map<Follower, Member>();
  private place = START;
  private beatAt = Number.NEGATIVE_INFINITY;
  private nap = new AbortController();
  private turnOver: (() => void)[] = [];
  private isRunning = false;
  private busyMilliseconds = 0;

  constructor(
    private readonly feed: RevocationFeed,
    private readonly events: SecurityEventSigner,
  ) {}

  /** Whether a follower that has read up to this position can join now. */
  isAt(place: FeedPosition): boolean {
    return this.members.size === 0 || isSamePosition(this.place, place);
  }

  /**
   * Writes to the follower from this position on, which must be the position of the broadcast (see `isAt`).
   *
   * @param beatAt when the follower received its last position event, by `performance.now()`
   * @returns the last position sent, if the follower must leave: it reads too slowly, or the order has changed
   * @throws Error if the stream must end
   */
  join(follower: Follower, place: FeedPosition, beatAt: number): Promise<FeedPosition> {
    const { signal } = follower;
    signal.throwIfAborted();
    return new Promise<FeedPosition>((resolve, reject) => {
      const part = (): void => {
        signal.removeEventListener('abort', gone);
        this.members.delete(follower);
        if (this.members.size === 0) this.nap.abort();
      };
      const end = (error: unknown): void => {
        part();
        reject(error);
      };
      const gone = (): void => end(signal.reason);
      const leave = (reached: FeedPosition): void => {
        part();
        resolve(reached);
      };
      signal.addEventListener('abort', gone);
      if (this.members.size === 0) {
        this.place = place;
        this.beatAt = beatAt;
      }
      this.members.set(follower, { ...follower, leave, end });
      if (!this.isRunning) void this.run();
    });
  }

  /** Resolves when the members have received all revocations that this replica knew at the call. */
  async catchUp(): Promise<void> {
    if (this.members.size === 0) return;
    const over = new Promise<void>((resolve) => this.turnOver.push(resolve));
    this.nap.abort();
    await over;
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    while (this.members.size > 0) {
      this.nap = new AbortController();
      const { signal } = this.nap;
      this.busyMilliseconds = 0;
      let hasWritten = false;
      try {
        hasWritten = await this.turn();
      } catch (error) {
        for (const member of this.members.values()) member.end(error);
      }
      for (const over of this.turnOver.splice(0)) over();
      const pause = Math.min(MAX_PAUSE_MILLISECONDS, this.busyMilliseconds * PAUSE_FACTOR);
      if (pause > 1) await delay(pause, undefined, { signal, ref: false }).catch(() => undefined);
      // After a write, take another turn: it may find more, and it checks the tokens of the followers.
      if (!hasWritten) await this.feed.moved(this.place, this.untilHeartbeat, signal);
    }
    this.isRunning = false;
    // The last member may have left after a further call of `catchUp`.
    for (const over of this.turnOver.splice(0)) over();
  }

  /** @returns whether events were written */
  private async turn(): Promise<boolean> {
    this.feed.assertKnown();
    const { place } = this;
    const entries = this.feed.after(place, MAX_EVENTS_AT_ONCE);
    const last = entries?.at(-1);
    if (entries === undefined) {
      for (const member of this.members.values()) member.leave(place);
    } else if (last !== undefined) {
      const frames: Buffer[] = [];
      for (const entry of entries) frames.push((await this.events.signRevocation(entry)).frame);
      // While events were signed, all members may have left, and others may have joined at another position.
      if (place !== this.place) return false;
      const reached = positionOf(last);
      // This replica may have read more revocations while events were signed.
      const isBeat = isSamePosition(reached, this.feed.end) && this.isBeatDue(HEARTBEAT_MILLISECONDS / 2);
      if (isBeat) frames.push(this.beatFrame(reached));
      this.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames), reached);
      // The rest of a long list is sent without a pause.
      if (entries.length === MAX_EVENTS_AT_ONCE) this.busyMilliseconds = 0;
    } else {
      if (this.isBeatDue(HEARTBEAT_MILLISECONDS)) this.write(this.beatFrame(place), place);
      // Check the tokens after all events are sent: a follower also receives the revocation of its own token.
      for (const member of this.members.values()) this.assertAllowed(member);
    }
    return last !== undefined;
  }

  /** A position event needs a read of the database since the last one: only then no revocation is missing. */
  private isBeatDue(pause: number): boolean {
    return performance.now() - this.beatAt >= pause && this.feed.isComplete(this.beatAt);
  }

  private beatFrame(place: FeedPosition): Buffer {
    this.beatAt = performance.now();
    return positionFrame(place);
  }

  private write(frame: Buffer, place: FeedPosition): void {
    const cpuBefore = process.cpuUsage();
    const before = this.place;
    this.place = place;
    for (const member of this.members.values()) {
      // At most one buffer waits for each follower: a follower that has not read the last buffer leaves.
      if (member.response.writableNeedDrain) member.leave(before);
      else writeAtOnce(member.response, frame);
    }
    const { user, system } = process.cpuUsage(cpuBefore);
    this.busyMilliseconds += (user + system) / 1000;
  }

  private assertAllowed(member: Member): void {
    try {
      member.assertAllowed();
    } catch (error) {
      member.end(error);
    }
  }

  private get untilHeartbeat(): number {
    return Math.max(100, this.beatAt + HEARTBEAT_MILLISECONDS - performance.now());
  }
}

/** Writes in this turn. `response.write` alone makes the system call later, which costs more and is not measured. */
function writeAtOnce(response: ServerResponse, frame: Buffer): void {
  const { socket } = response;
  socket?.cork();
  response.write(frame);
  socket?.uncork();
}
