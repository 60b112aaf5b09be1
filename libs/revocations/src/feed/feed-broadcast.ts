import { setTimeout as delay } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { eventFrame } from './event-frame.js';
import { RevocationFeed } from './revocation-feed.js';
import { START, isSamePosition, positionOf, textOfCursor } from './feed-position.js';
import type { FeedPosition } from './feed-position.js';
import { ReadPosition } from '../storage/read-position.js';

/** How often followers get a position while nothing happens. */
export const HEARTBEAT_MILLISECONDS = 1000;
const MAX_EVENTS_AT_ONCE = 100;
/**
 * For each millisecond of processor time that a broadcast takes, the next one waits for so many: what comes meanwhile goes out
 * together, and a thousand followers leave nine tenths of the thread to requests.
 */
const PAUSE_FACTOR = 14;
/** The longest pause, so that a slow machine tells of a revocation in time, too. */
const MAX_PAUSE_MILLISECONDS = 140;

/** One follower on one open response. */
export interface Follower {
  readonly response: ServerResponse;
  /** Aborts when the follower has gone, or has to go. */
  readonly signal: AbortSignal;
  /** @throws Error if the follower may not read any more */
  readonly assertAllowed: () => void;
}

interface Member extends Follower {
  /** The follower goes on by itself, behind the place. */
  readonly leave: (place: FeedPosition) => void;
  readonly end: (error: unknown) => void;
}

/** The bytes that say that a follower has heard of everything up to a place. */
export function positionFrame(place: FeedPosition): Buffer {
  return eventFrame('position', JSON.stringify({ sequence: place.sequence }), textOfCursor({ position: place })).frame;
}

/**
 * Writes what is new to every follower that has read everything before it: one buffer for all of them, and one timer.
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
    private readonly position: ReadPosition,
  ) {}

  /** Whether a follower that has read up to this place can join now. */
  isAt(place: FeedPosition): boolean {
    return this.members.size === 0 || isSamePosition(this.place, place);
  }

  /**
   * Writes to the follower from this place on, at which the broadcast is (see `isAt`).
   *
   * @param beatAt when the follower got its last position, by `performance.now()`
   * @returns up to where it was told, when it has to go on by itself: it reads too slowly, or the order has changed
   * @throws Error when its stream has to end
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

  /** Resolves when the members have heard of what this replica knew at the call. */
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
      // More may follow what was written, and the tokens of the followers are to be checked.
      if (!hasWritten && !this.feed.hasNews) await this.position.moved(this.untilHeartbeat, signal);
    }
    this.isRunning = false;
  }

  /** @returns whether events were written */
  private async turn(): Promise<boolean> {
    this.feed.assertKnown();
    await this.feed.refresh();
    const { place } = this;
    const entries = this.feed.after(place, MAX_EVENTS_AT_ONCE);
    const last = entries?.at(-1);
    if (entries === undefined) {
      for (const member of this.members.values()) member.leave(place);
    } else if (last !== undefined) {
      const frames: Buffer[] = [];
      for (const entry of entries) frames.push((await this.feed.signed(entry)).frame);
      // Meanwhile all may have left, and others have joined elsewhere.
      if (place !== this.place) return false;
      const reached = positionOf(last);
      // More may have been read while the events were signed.
      const isBeat = isSamePosition(reached, this.feed.end) && this.isBeatDue(HEARTBEAT_MILLISECONDS / 2);
      if (isBeat) frames.push(this.beatFrame(reached));
      this.write(frames.length === 1 ? frames[0]! : Buffer.concat(frames), reached);
      // The rest of a long list does not wait.
      if (entries.length === MAX_EVENTS_AT_ONCE) this.busyMilliseconds = 0;
    } else {
      if (this.isBeatDue(HEARTBEAT_MILLISECONDS)) this.write(this.beatFrame(place), place);
      // At the end of what there is to tell: the follower hears of the revocation of its own token, too.
      for (const member of this.members.values()) this.assertAllowed(member);
    }
    return last !== undefined;
  }

  /** Only a reading of the database since the last position can say that nothing is missing. */
  private isBeatDue(pause: number): boolean {
    if (performance.now() - this.beatAt < pause) return false;
    return !this.feed.hasNews && this.feed.isFresh && this.position.readAt > this.beatAt;
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
      // One buffer at most waits for a follower: a follower that has not read the last one goes on by itself.
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

/** By itself, a response writes in a later turn, at more cost, and the time that it takes would not be measured. */
function writeAtOnce(response: ServerResponse, frame: Buffer): void {
  const { socket } = response;
  socket?.cork();
  response.write(frame);
  socket?.uncork();
}
