import { Injectable } from '@nestjs/common';
import { RejectionFilter } from '../carriers/rejection.filter.js';
import { InvalidTokenError, reject } from '../auth.errors.js';
import { ADMITTED } from '../guard/guarded-request.js';
import { OpenStreams } from '../streams/open-streams.js';
import { AccessTokenVerifier } from '../tokens/access-token-verifier.js';
import { connectionOf } from './socket-connection.js';
import { closeSocket, isPlainSocket, onceClosed, sendEvent } from './socket-client.js';
import type { Principal } from '../guard/principal.js';
import type { SocketClient } from './socket-client.js';
import type { SocketConnection } from './socket-connection.js';

/** The event by which a client renews its token: `{ token }`. The answer is `postern:authenticated`, or `exception`. */
const AUTHENTICATE = 'postern:authenticate';
const AUTHENTICATED = 'postern:authenticated';

type Check = (client: SocketClient) => boolean | Promise<boolean>;

/** Closes an open socket when its token expires or is revoked, and lets its client renew the token. */
@Injectable()
export class SocketTokens {
  constructor(
    private readonly streams: OpenStreams,
    private readonly verifier: AccessTokenVerifier,
    private readonly rejections: RejectionFilter,
  ) {}

  /** Closes the socket with 4401 when the token of its connection expires or is revoked. */
  watch(client: SocketClient, connection: SocketConnection): void {
    const { principal } = connection.request;
    if (principal === undefined) return;
    if (connection.unwatch === undefined) onceClosed(client, () => connection.unwatch?.());
    else connection.unwatch();
    connection.unwatch = this.streams.track(principal, () => {
      closeSocket(client, this.rejections.problemOfMessage(new InvalidTokenError()));
    });
  }

  /** Accepts a new token on the open connection, if it passes the check of the handshake. */
  renewable(client: SocketClient, connection: SocketConnection, check: Check): void {
    if (connection.isRenewable) return;
    connection.isRenewable = true;
    const renew = (data: unknown): void => void this.renew(client, connection, check, data);
    if (!isPlainSocket(client)) return client.on?.(AUTHENTICATE, renew);
    client.on?.('message', (frame) => {
      const message = Buffer.isBuffer(frame) && frame.includes(AUTHENTICATE) ? parsed(frame.toString()) : undefined;
      if (message?.event === AUTHENTICATE) renew(message.data);
    });
  }

  private async renew(client: SocketClient, connection: SocketConnection, check: Check, data: unknown): Promise<void> {
    try {
      const { token } = Object(data) as { token?: unknown };
      const principal = await this.verifier.verify(token as string);
      assertSameSubject(principal, connection.request.principal);
      // Another object stands for the client, so messages keep the old token until the new one is accepted.
      const candidate = Object.create(client) as SocketClient;
      const { request } = connectionOf(candidate);
      request.renew(token as string);
      await check(candidate);
      connection.request.renew(token as string);
      Object.assign(connection.request, { principal, user: request.user, [ADMITTED]: this.verifier });
      this.watch(client, connection);
      sendEvent(client, AUTHENTICATED, { expiresAt: principal.expiresAt });
    } catch (error) {
      sendEvent(client, 'exception', this.rejections.problemOfMessage(error));
    }
  }
}

/** A connection stays that of its user: its rooms and its subscriptions were chosen for it. */
function assertSameSubject(principal: Principal, current: Principal | undefined): void {
  if (current === undefined) return;
  if (principal.subject === current.subject && principal.issuer === current.issuer) return;
  reject('the connection is that of another subject');
}

function parsed(text: string): { event?: unknown; data?: unknown } | undefined {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null ? message : undefined;
  } catch {
    return undefined;
  }
}
