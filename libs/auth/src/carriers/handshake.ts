import type { CredentialsCarrier } from '../guard/bearer-token.js';

/** The request that opens a socket, as Node, Fastify, and `ws` pass it. */
export interface HandshakeRequest {
  readonly headers: object;
  readonly url?: string | undefined;
  readonly rawHeaders?: readonly string[];
  readonly raw?: object;
}

/**
 * The handshake of a socket as a request in which the guard reads the `tokenSources` of the settings. It has no method,
 * so a cookie counts only if the page is of the same origin: the messages that follow may change anything.
 */
export function handshakeOf(request: HandshakeRequest): CredentialsCarrier {
  return { headers: request.headers, raw: request.raw ?? request };
}
