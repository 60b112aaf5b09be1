import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { assertPublicHost, publicLookup } from './public-address.js';
import type { LookupFunction } from 'node:net';
import type { FetchedAnswer } from './issuer-fetch.js';

/**
 * Fetches from a host that metadata name. It connects only to public addresses and follows no redirect. The built-in
 * `fetch` cannot do this, because it has no option for the DNS lookup.
 *
 * @throws Error if an address of the host is not public
 */
export async function fetchPublic(
  url: URL,
  signal: AbortSignal,
  lookup: LookupFunction = publicLookup(),
): Promise<FetchedAnswer> {
  assertPublicHost(url);
  const request = url.protocol === 'http:' ? requestHttp : requestHttps;
  return new Promise((resolve, reject) => {
    // No agent: it could reuse a connection whose address was not checked.
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
