import { isMediaType, MAX_CLAIMS_DEPTH, parseJws, readEncodedJsonObject } from 'postern/jws';
import { quoted, reject } from '../auth.errors.js';
import type { ParsedJws } from 'postern/jws';
import type { TokenRules } from './access-token-rules.js';
import type { TrustedIssuers } from './trusted-issuers.js';

/** A well-formed access token that names a trusted issuer. Its signature is not verified. */
export interface ParsedToken {
  readonly jws: ParsedJws;
  readonly rules: TokenRules;
  /** Frozen, with everything in it. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/**
 * Parses an access token strictly, before its signature is verified. `validateClaims` checks the claims afterwards.
 *
 * @throws InvalidTokenError
 * @throws MalformedJwsError
 * @see RFC 9068 §4, RFC 8725 §3
 */
export function parseAccessToken(text: string, issuers: TrustedIssuers): ParsedToken {
  const jws = parseJws(text, issuers.maximumTokenBytes);
  const claims = readEncodedJsonObject(jws.payload, MAX_CLAIMS_DEPTH);
  if (claims === undefined) return reject('payload is not one strict JSON object');
  // RFC 8725 §3.8: the issuer decides which keys and rules apply, before any key is looked up.
  const rules = issuers.get(claims.iss);
  if (rules === undefined) return reject(untrusted(claims.iss, issuers));
  // RFC 9068 §4, RFC 8725 §3.11: an ID token or a logout token with a signature of the same key is not an access token.
  if (!isExpectedType(jws.typ, rules)) reject('typ is not the expected one');
  if (text.length > rules.maximumTokenBytes) reject(`longer than ${rules.maximumTokenBytes} bytes`);
  if (!rules.algorithms.includes(jws.alg)) reject('algorithm is not on the list of the issuer');
  return { jws, rules, claims };
}

function isExpectedType(typ: unknown, { tokenType, profile }: TokenRules): boolean {
  if (tokenType !== undefined) return isMediaType(typ, tokenType);
  if (profile === undefined) return false;
  if (typ === undefined) return profile.tokenTypes.includes(null);
  return typeof typ === 'string' && profile.tokenTypes.includes(typ.toLowerCase().replace(/^application\//, ''));
}

function untrusted(issuer: unknown, issuers: TrustedIssuers): string {
  const trusted = issuers.all().map((rules) => quoted(rules.issuer));
  return `the issuer ${quoted(issuer)} is not trusted; trusted: ${trusted.join(', ')}`;
}
