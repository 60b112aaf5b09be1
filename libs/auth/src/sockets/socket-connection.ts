import { authorizationIn, MessageRequest } from '../carriers/message-request.js';
import { credentialsWith } from '../guard/bearer-token.js';
import type { HandshakeRequest } from '../carriers/handshake.js';
import type { SocketClient } from './socket-client.js';

/** The subprotocol before the token in `new WebSocket(url, ['bearer', token])`. Browsers cannot set other headers. */
const SUBPROTOCOL = 'bearer';

/** The request of a connection, which each of its messages shares: the handshake, until the client renews its token. */
export class ConnectionRequest extends MessageRequest {
  declare raw?: object;

  constructor(client: SocketClient, handshake: HandshakeRequest | undefined = client.request) {
    super(undefined);
    const explicit = explicitTokenOf(client, handshake);
    if (handshake === undefined || explicit !== undefined) {
      const header = authorizationIn(handshake?.headers);
      // Two different tokens leave a doubt, so the guard rejects the list.
      this.headers = { authorization: header === undefined || header === explicit ? explicit : [explicit, header] };
    } else {
      this.headers = handshake.headers;
      this.raw = handshake.raw ?? handshake;
    }
  }

  /** Replaces the token of the connection. */
  renew(token: string): void {
    this.headers = { authorization: credentialsWith(token) };
    delete this.raw;
  }
}

/** The state of an open socket. */
export class SocketConnection {
  /** The gateways that have accepted the connection. */
  readonly accepted = new WeakSet<object>();
  /** Whether the client can already renew its token. */
  isRenewable = false;
  /** Stops watching the token of the connection. */
  unwatch: (() => void) | undefined;

  constructor(readonly request: ConnectionRequest) {}
}

const connections = new WeakMap<object, SocketConnection>();

/** The connection of the client. The handshake is known when the connection opens, and Socket.IO keeps it. */
export function connectionOf(client: SocketClient, handshake?: HandshakeRequest): SocketConnection {
  const existing = connections.get(client);
  if (existing !== undefined) return existing;
  const connection = new SocketConnection(new ConnectionRequest(client, handshake));
  connections.set(client, connection);
  return connection;
}

/** The request of the connection; `undefined` if the object is not a client that the guard has seen. */
export function connectionRequestOf(client: unknown): ConnectionRequest | undefined {
  return typeof client === 'object' && client !== null ? connections.get(client)?.request : undefined;
}

/** The credentials that a client can present without a header: `auth` of Socket.IO, or a subprotocol. */
function explicitTokenOf({ handshake: { auth } = { headers: {} } }: SocketClient, handshake?: HandshakeRequest) {
  const { token } = (auth ?? {}) as { token?: unknown };
  if (token !== undefined)
    return typeof token === 'string' ? credentialsWith(token.replace(/^bearer +/i, '')) : [token];
  const { 'sec-websocket-protocol': offered } = (handshake?.headers ?? {}) as { 'sec-websocket-protocol'?: unknown };
  const [name, value] = typeof offered === 'string' ? offered.split(',').map((part) => part.trim()) : [];
  return name === SUBPROTOCOL && value !== undefined ? credentialsWith(value) : undefined;
}
