import type { Socket } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { Principal } from 'postern/auth';
import { ServiceUnavailableError } from 'postern/problem';
import { SessionTerms } from './session-terms.js';
import { TooManyFollowersError } from './sessions.errors.js';

/** Each follower costs a connection and some memory. */
const MAX_FOLLOWERS = 1000;
/** A client may send its next poll behind the one that waits. */
const MAX_FOLLOWERS_PER_CONNECTION = 2;
/** A connection with more rejected requests in its pipeline is closed: Node stops reading it, and would not see its end. */
const MAX_REJECTIONS_PER_CONNECTION = 16;

/** The slot of one follower, from its request to the end of its answer or of its connection. */
export interface FollowerSlot {
  /** Aborts when the follower has gone, or has to go. */
  readonly signal: AbortSignal;
  /** Frees the slot. A second call does nothing. */
  release(): void;
}

interface Connection {
  held: number;
  rejections: number;
}

/** Bounds how many follow the feed of this replica: in all, with one token, and over one connection. */
@Injectable()
export class FollowerSlots {
  private readonly held = new Map<AbortController, () => void>();
  private readonly heldByToken = new Map<string, number>();
  private readonly connections = new WeakMap<Socket, Connection>();
  private isClosed = false;

  constructor(private readonly terms: SessionTerms) {}

  /** How many slots are taken. */
  get count(): number {
    return this.held.size;
  }

  /**
   * Takes a slot. The end of the connection frees it at once, also if the follower only ends its own side.
   *
   * @throws TooManyFollowersError beyond the slots of the token or of the connection
   * @throws ServiceUnavailableError if every slot of this replica is taken, or the server stops
   */
  take({ issuer, subject, tokenId }: Principal, socket: Socket): FollowerSlot {
    const token = JSON.stringify([issuer, subject, tokenId]);
    const connection = this.connectionOf(socket);
    const ofToken = this.heldByToken.get(token) ?? 0;
    if (connection.held >= MAX_FOLLOWERS_PER_CONNECTION) this.reject(socket, connection);
    if (ofToken >= this.terms.followersPerToken) this.reject(socket, connection);
    if (this.isClosed || this.count >= MAX_FOLLOWERS) throw new ServiceUnavailableError();

    const controller = new AbortController();
    const leave = (): void => {
      release();
      controller.abort();
    };
    const release = (): void => {
      if (!this.held.delete(controller)) return;
      socket.off('close', leave).off('end', leave).off('error', leave);
      connection.held -= 1;
      const left = this.heldByToken.get(token)! - 1;
      if (left > 0) this.heldByToken.set(token, left);
      else this.heldByToken.delete(token);
    };
    this.held.set(controller, leave);
    this.heldByToken.set(token, ofToken + 1);
    connection.held += 1;
    // The connection and not the response: one that waits behind another response of its connection is never closed.
    socket.once('close', leave).once('end', leave).once('error', leave);
    if (socket.destroyed || socket.readableEnded) leave();
    return { signal: controller.signal, release };
  }

  /** Ends every follower, and takes no more. */
  close(): void {
    this.isClosed = true;
    for (const leave of [...this.held.values()]) leave();
  }

  private connectionOf(socket: Socket): Connection {
    const known = this.connections.get(socket);
    if (known !== undefined) return known;
    const connection = { held: 0, rejections: 0 };
    this.connections.set(socket, connection);
    // Each follower of a connection listens to its end.
    socket.setMaxListeners(socket.getMaxListeners() + MAX_FOLLOWERS_PER_CONNECTION);
    return connection;
  }

  private reject(socket: Socket, connection: Connection): never {
    connection.rejections = connection.held === 0 ? 0 : connection.rejections + 1;
    if (connection.rejections > MAX_REJECTIONS_PER_CONNECTION) socket.destroy();
    throw new TooManyFollowersError();
  }
}
