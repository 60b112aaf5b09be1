import { fetchJson } from './fetch-json.js';
import { assertPublicHost, isLoopback } from './public-address.js';
import type { FetchLimits } from './fetch-json.js';

/**
 * An address that keys may be fetched from: https, or http where nobody is between (loopback) or where the settings allow it.
 *
 * @throws Error with a sentence that says what to write
 */
export function checkedAddress(text: string, allowInsecure: boolean): URL {
  if (!URL.canParse(text)) {
    throw new Error(`AuthModule: "${text}" is no address to fetch keys from. Write "jwks: { uri }" or "staticKeys".`);
  }
  const address = new URL(text);
  const isSafe =
    address.protocol === 'https:' || (address.protocol === 'http:' && (allowInsecure || isLoopback(address)));
  if (!isSafe)
    throw new Error(`AuthModule: keys come over https; ${address.origin} needs "jwks: { allowInsecure: true }".`);
  if (address.username !== '' || address.password !== '')
    throw new Error('AuthModule: an address carries no password.');
  return address;
}

/**
 * Where the issuer publishes its keys: on its own origin, or on a public host, which `isOwnOrigin` tells apart.
 *
 * @throws Error where it says so nowhere, or says it for another issuer
 * @see RFC 8414 §3, OpenID Connect Discovery §4
 */
export function discoverKeySet(issuer: string, limits: FetchLimits): Promise<URL> {
  return discover(issuer, limits, (metadata) => keySetOf(metadata, issuer, limits.allowInsecure));
}

/**
 * Where the issuer tells of revocations: in the member `revocations_uri`, and on its own origin, since a token is sent there.
 *
 * @throws Error where it says so nowhere, or names another origin
 */
export function discoverRevocations(issuer: string, limits: FetchLimits): Promise<URL> {
  return discover(issuer, limits, ({ revocations_uri: uri }) => {
    if (typeof uri !== 'string') throw new Error('the metadata have no revocations_uri');
    const address = checkedAddress(uri, limits.allowInsecure);
    if (!isOwnOrigin(address, issuer)) {
      throw new Error('revocations_uri leads away from the issuer: write "revocations: { uri }" where that is meant');
    }
    return address;
  });
}

async function discover(
  issuer: string,
  limits: FetchLimits,
  choose: (metadata: Record<string, unknown>) => URL,
): Promise<URL> {
  const base = checkedAddress(issuer, limits.allowInsecure);
  const path = base.pathname.replace(/\/$/, '');
  const wellKnown = '/.well-known/oauth-authorization-server';
  // The last one is no place of a standard's: an issuer behind a path, as Postern is below a prefix, may rule over nothing above it.
  const places = new Set([`${wellKnown}${path}`, `${path}/.well-known/openid-configuration`, `${path}${wellKnown}`]);
  let last: unknown;
  for (const place of places) {
    try {
      const { body } = await fetchJson(new URL(place, base), limits);
      // RFC 8414 §3.3: or one issuer could speak for another.
      if (body.issuer !== issuer) throw new Error('the metadata are those of another issuer');
      return choose(body);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

function keySetOf(metadata: Record<string, unknown>, issuer: string, allowInsecure: boolean): URL {
  if (typeof metadata.jwks_uri !== 'string') throw new Error('the metadata have no jwks_uri');
  const address = checkedAddress(metadata.jwks_uri, allowInsecure);
  if (!isOwnOrigin(address, issuer)) assertPublicHost(address);
  return address;
}

/** Whether an address is on the origin that the settings themselves name. */
export function isOwnOrigin({ origin }: URL, issuer: string): boolean {
  return origin === new URL(issuer).origin;
}
