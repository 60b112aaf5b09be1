import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { Principal } from 'postern/auth';
import { ServiceUnavailableError } from 'postern/problem';
import { CheckedRevocationsSettings } from '../checked-revocations-settings.js';
import { TooManyFollowersError } from '../revocations.errors.js';

/** Each follower costs a connection and some memory. */
const MAX_FOLLOWERS = 1000;
/** A client may send its next poll behind the one that waits. */
const MAX_FOLLOWERS_PER_CONNECTION = 2;
/** How often connections are looked at that Node may have stopped to read. */
const LOOK_MILLISECONDS = 500;

/** The slot of one follower, from its request to the end of its answer or of its connection. */
export interface FollowerSlot {
  /** Aborts when the follower has gone, or has to go. */
  readonly signal: AbortSignal;
  /** Frees the slot. A second call does nothing. */
  release(): void;
}

/** Bounds how many follow the feed of this replica: in all, with one token, and over one connection. */
@Injectable()
export class FollowerSlots {
  private readonly held = new Map<Socket, Set<() => void>>();
  private readonly heldByToken = new Map<string, number>();
  private taken = 0;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly terms: CheckedRevocationsSettings) {}

  /** How many slots are taken. */
  get count(): number {
    return this.taken;
  }

  /**
   * Takes a slot. The end of the connection frees it at once, also if the follower only ends its own side.
   *
   * @throws TooManyFollowersError beyond the slots of the token or of the connection
   * @throws ServiceUnavailableError if every slot of this replica is taken, or the server stops
   */
  take({ issuer, subject, tokenId }: Principal, socket: Socket): FollowerSlot {
    const token = JSON.stringify([issuer, subject, tokenId]);
    const ofConnection = this.held.get(socket) ?? new Set();
    const ofToken = this.heldByToken.get(token) ?? 0;
    if (ofConnection.size >= MAX_FOLLOWERS_PER_CONNECTION) throw new TooManyFollowersError();
    if (ofToken >= this.terms.followersPerToken) throw new TooManyFollowersError();
    if (this.isClosed || this.taken >= MAX_FOLLOWERS) throw new ServiceUnavailableError();

    const controller = new AbortController();
    const release = (): void => {
      if (!ofConnection.delete(leave)) return;
      socket.off('close', leave).off('end', leave).off('error', leave);
      if (ofConnection.size === 0) this.held.delete(socket);
      this.add(token, -1);
    };
    const leave = (): void => {
      release();
      controller.abort();
    };
    ofConnection.add(leave);
    this.held.set(socket, ofConnection);
    this.add(token, 1);
    // The connection and not the response: one that waits behind another response of its connection is never closed.
    socket.once('close', leave).once('end', leave).once('error', leave);
    if (socket.destroyed || socket.readableEnded) leave();
    return { signal: controller.signal, release };
  }

  /** Ends every follower, and takes no more. */
  close(): void {
    this.isClosed = true;
    for (const ofConnection of this.held.values()) for (const leave of ofConnection) leave();
  }

  private add(token: string, change: 1 | -1): void {
    const ofToken = (this.heldByToken.get(token) ?? 0) + change;
    if (ofToken === 0) this.heldByToken.delete(token);
    else this.heldByToken.set(token, ofToken);
    this.taken += change;
    if (this.taken > 0) {
      this.timer ??= setInterval(() => this.closeUnread(), LOOK_MILLISECONDS).unref();
    } else {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  /**
   * Node stops to read a connection with too many unanswered requests behind a follower, and then does not see its end: its
   * slots would stay taken.
   */
  private closeUnread(): void {
    for (const socket of this.held.keys()) if (socket.isPaused()) socket.destroy();
  }
}
