import { randomUUID } from 'node:crypto';
import { createSignature, importKey } from 'postern/jws';
import type { Clock } from 'postern/auth';
import type { KeyMaterial } from 'postern/jws';
import type { OutboundSettings } from '../outbound.module-definition.js';

/** Adds the authentication of the client to the headers or to the form of a token request. */
export type AuthenticateClient = (
  headers: Record<string, string>,
  form: URLSearchParams,
  endpoint: URL,
) => Promise<void>;

/** The issuer accepts each assertion once, so it needs to live only until it arrives. */
const ASSERTION_SECONDS = 60;

/**
 * Returns how the client authenticates: by its key, else by its secret.
 *
 * @throws Error at boot if neither or both are set, or the key is not usable
 */
export function clientAuthentication(
  { issuer, clientId, clientSecret, clientKey }: OutboundSettings,
  clock: Clock,
): AuthenticateClient {
  if (clientId === undefined || (clientSecret === undefined) === (clientKey === undefined)) {
    throw new Error(
      'OutboundModule needs "clientId" with either "clientSecret" or "clientKey"; or "tokenFile"; or your class as ' +
        '"serviceTokens".',
    );
  }
  if (clientKey !== undefined) return privateKeyJwt(clientId, issuer!, clientKey, clock);
  if (clientSecret === '' || !['string', 'function'].includes(typeof clientSecret)) {
    throw new Error('OutboundModule: "clientSecret" must be a string, or a function that returns it.');
  }
  return clientSecretBasic(clientId, clientSecret!);
}

/** @see RFC 6749 §2.3.1 */
function clientSecretBasic(
  clientId: string,
  clientSecret: NonNullable<OutboundSettings['clientSecret']>,
): AuthenticateClient {
  return async (headers) => {
    const secret = typeof clientSecret === 'string' ? clientSecret : (await clientSecret()).trim();
    // Both parts are form-encoded first. Otherwise a ":" in the id, or a "+" or "%" in the secret, changes its meaning.
    const credentials = `${formEncoded(clientId)}:${formEncoded(secret)}`;
    headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  };
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/** @see RFC 7523 §2.2, §3 */
function privateKeyJwt(clientId: string, issuer: string, material: KeyMaterial, clock: Clock): AuthenticateClient {
  const { alg, privateKey } = importKey(material);
  if (privateKey === undefined || 'secret' in material) {
    throw new Error('OutboundModule: "clientKey" must be a private key: { pem } or { jwk }.');
  }
  // Only a kid that the settings state: issuers reject one that the registered key does not have.
  const kid = material.kid ?? ('jwk' in material ? material.jwk.kid : undefined);
  return async (_headers, form) => {
    const issuedAt = Math.floor(clock.now() / 1000);
    const claims = {
      iss: clientId,
      sub: clientId,
      // RFC 7523bis §4: the issuer, so that no other server can use the assertion.
      aud: issuer,
      jti: randomUUID(),
      iat: issuedAt,
      exp: issuedAt + ASSERTION_SECONDS,
    };
    const input = `${encoded({ alg, kid, typ: 'JWT' })}.${encoded(claims)}`;
    const signature = createSignature(alg, privateKey, Buffer.from(input)).toString('base64url');
    form.set('client_id', clientId);
    form.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
    form.set('client_assertion', `${input}.${signature}`);
  };
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
