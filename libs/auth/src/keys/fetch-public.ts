import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { assertPublicHost, publicLookup } from './public-address.js';
import type { LookupFunction } from 'node:net';

/** As much of an answer as is read: that of the built-in `fetch` has more. */
export interface FetchedAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/**
 * Fetches from a host that somebody else has named: only over connections to public addresses, and without following redirects. (The
 * built-in `fetch` takes no lookup.)
 *
 * @throws Error if the host is an address, or has one, that is not public
 */
export async function fetchPublic(
  url: URL,
  signal: AbortSignal,
  lookup: LookupFunction = publicLookup(),
): Promise<FetchedAnswer> {
  assertPublicHost(url);
  const request = url.protocol === 'http:' ? requestHttp : requestHttps;
  return new Promise((resolve, reject) => {
    // No agent: a connection that another part of the application has made was not checked.
    const options = { agent: false, lookup, signal, headers: { accept: 'application/json' } };
    const outgoing = request(url, options, (incoming) => {
      const { statusCode = 0, headers } = incoming;
      resolve({
        status: statusCode,
        headers: { get: (name) => headers[name]?.toString() ?? null },
        body: incoming,
      });
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}
