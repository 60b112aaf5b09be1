import { quoted } from '../auth.errors.js';
import { fetchJson } from './fetch-json.js';
import { assertPublicHost, isLoopback } from './public-address.js';
import type { FetchLimits } from './fetch-json.js';

/** A host without a scheme, such as `id.example.com` or `localhost:3000`. */
const HOST = /^[\w-]+(?:\.[\w-]+|:\d+)+(?:\/|$)/;

/**
 * Parses a URL of an issuer. It must be https, or http to loopback, or http if the settings allow it.
 *
 * @throws Error that names the URL and the fix
 */
export function checkedAddress(text: string, allowInsecure: boolean): URL {
  const address = URL.canParse(text) ? new URL(text) : undefined;
  if (address === undefined || !/^https?:$/.test(address.protocol)) {
    const example = HOST.test(text) ? `https://${text}` : 'https://id.example.com';
    throw new Error(
      `AuthModule: "${text}" is not an https URL. Write the whole URL, such as "${example}". If the issuer is not a URL, ` +
        'write "jwks: { uri }" or "staticKeys".',
    );
  }
  if (address.protocol === 'http:' && !allowInsecure && !isLoopback(address)) {
    throw new Error(
      `AuthModule: ${address.origin} is not https. Write an https URL, or allow http by "jwks: { allowInsecure: true }".`,
    );
  }
  if (address.username !== '' || address.password !== '') {
    throw new Error(`AuthModule: the URL of ${address.host} must not contain a user name or a password.`);
  }
  return address;
}

/**
 * Finds the URL of the issuer's key set, which is on its own origin or on a public host.
 *
 * @throws Error if no metadata document of this issuer names one
 * @see RFC 8414 §3, OpenID Connect Discovery §4
 */
export function discoverKeySet(issuer: string, limits: FetchLimits): Promise<URL> {
  return discover(issuer, limits, (metadata) => keySetOf(metadata, issuer, limits.allowInsecure));
}

/**
 * Finds the URL of the issuer's revocation feed in the member `revocations_uri`. It must be on the issuer's own origin,
 * because a token is sent there.
 *
 * @throws Error if no metadata document of this issuer names one on its own origin
 */
export function discoverRevocations(issuer: string, limits: FetchLimits): Promise<URL> {
  return discoverOwn('revocations_uri', 'revocations: { uri }', issuer, limits);
}

/**
 * Finds the URL of the issuer's token endpoint. It must be on the issuer's own origin, because a secret is sent there.
 *
 * @throws Error if no metadata document of this issuer names one on its own origin
 * @see RFC 8414 §2
 */
export function discoverTokenEndpoint(issuer: string, limits: FetchLimits): Promise<URL> {
  return discoverOwn('token_endpoint', 'tokenEndpoint', issuer, limits);
}

function discoverOwn(member: string, setting: string, issuer: string, limits: FetchLimits): Promise<URL> {
  return discover(issuer, limits, ({ [member]: uri }) => {
    if (typeof uri !== 'string') throw new Error(`the metadata have no ${member}`);
    const address = checkedAddress(uri, limits.allowInsecure);
    if (!isOwnOrigin(address, issuer)) {
      throw new Error(`${member} is on another origin than the issuer: write "${setting}" if you trust it`);
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
  const prefix = base.pathname.replace(/\/$/, '');
  const wellKnown = '/.well-known/oauth-authorization-server';
  // The last path is not standardized: an issuer below a path, as Postern with a prefix, may not control the paths
  // above it.
  const paths = new Set([
    `${wellKnown}${prefix}`,
    `${prefix}/.well-known/openid-configuration`,
    `${prefix}${wellKnown}`,
  ]);
  let failure: unknown;
  let defect: unknown;
  for (const path of paths) {
    const body = await fetchJson(new URL(path, base), limits).then(
      (answer) => answer.body,
      (error: unknown) => void (failure = error),
    );
    if (body === undefined) continue;
    try {
      assertIssuer(body, issuer);
      return choose(body);
    } catch (error) {
      defect ??= error;
    }
  }
  // A document with a defect says more than the 404 of the next path.
  throw defect ?? failure;
}

/** RFC 8414 §3.3: otherwise one issuer could publish metadata for another. */
function assertIssuer(metadata: Record<string, unknown>, issuer: string): void {
  if (metadata.issuer === issuer) return;
  throw new Error(`${issuer} calls itself ${quoted(metadata.issuer)}: write exactly that as "issuer"`);
}

function keySetOf(metadata: Record<string, unknown>, issuer: string, allowInsecure: boolean): URL {
  if (typeof metadata.jwks_uri !== 'string') throw new Error('the metadata have no jwks_uri');
  const address = checkedAddress(metadata.jwks_uri, allowInsecure);
  if (!isOwnOrigin(address, issuer)) assertPublicHost(address);
  return address;
}

/** Whether the URL is on the origin of the issuer in the settings. */
export function isOwnOrigin({ origin }: URL, issuer: string): boolean {
  return origin === new URL(issuer).origin;
}
