import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { Principal } from 'postern/auth';
import { ServiceUnavailableError } from 'postern/problem';
import { CheckedRevocationsSettings } from '../checked-revocations-settings.js';
import { TooManyFollowersError } from '../revocations.errors.js';

/** Each follower needs a connection and memory. */
const MAX_FOLLOWERS = 1000;
/** A client may pipeline its next poll behind a waiting poll. */
const MAX_FOLLOWERS_PER_CONNECTION = 2;
/** How often the connections are checked (see `closeUnread`). */
const CHECK_MILLISECONDS = 500;

/** The slot of a follower, from its request to the end of its response or of its connection. */
export interface FollowerSlot {
  /** Aborts when the follower disconnects, or when the server closes the stream. */
  readonly signal: AbortSignal;
  /** Frees the slot. A second call does nothing. */
  release(): void;
}

/** Limits the followers of this replica: in total, for each token, and for each connection. */
@Injectable()
export class FollowerSlots {
  private readonly held = new Map<Socket, Set<() => void>>();
  private readonly heldByToken = new Map<string, number>();
  private taken = 0;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly terms: CheckedRevocationsSettings) {}

  /** The number of taken slots. */
  get count(): number {
    return this.taken;
  }

  /**
   * Takes a slot. The end of the connection frees it at once, even if the follower only closes its own side.
   *
   * @throws TooManyFollowersError if all slots of the token or of the connection are taken
   * @throws ServiceUnavailableError if all slots of this replica are taken, or if the server stops
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
    // Listen on the connection: a response that waits behind a pipelined response never emits 'close'.
    socket.once('close', leave).once('end', leave).once('error', leave);
    if (socket.destroyed || socket.readableEnded) leave();
    return { signal: controller.signal, release };
  }

  /** Ends all followers, and rejects new ones. */
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
      this.timer ??= setInterval(() => this.closeUnread(), CHECK_MILLISECONDS).unref();
    } else {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  /**
   * Closes paused connections. Node pauses a connection with too many pipelined requests and then does not notice its
   * end, so its slots would stay taken.
   */
  private closeUnread(): void {
    for (const socket of this.held.keys()) if (socket.isPaused()) socket.destroy();
  }
}
