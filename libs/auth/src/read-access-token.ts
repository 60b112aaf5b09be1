import { InvalidTokenError } from './auth.errors.js';
import { isBase64url } from './base64url.js';
import { flat } from './flat-text.js';
import { isJwtAlgorithm } from './jwt-algorithm.js';
import { readEncodedJsonObject } from './strict-json.js';
import type { JwtAlgorithm } from './jwt-algorithm.js';
import type { TokenRules } from './token-rules.js';

const MAXIMUM_LENGTH = 8_192;
const MAXIMUM_DEPTH = 8;
const MAXIMUM_KID_LENGTH = 64;

/** Each of these changes what the rest means, or brings a key along: none has a place in an access token. */
const REFUSED_PARAMETERS = ['crit', 'b64', 'zip', 'cty', 'jwk', 'jku', 'x5u', 'x5c', 'x5t', 'x5t#S256'] as const;

/** What a header says that may be said: nothing of it is proven. */
interface JoseHeader {
  readonly alg: JwtAlgorithm;
  readonly kid: string | undefined;
  readonly typ: unknown;
}

/** The header of a signed text, and its payload, still in base64url. */
export interface UnprovenJws extends JoseHeader {
  readonly payload: string;
}

/** An access token that is well formed and names an issuer of ours: nothing of it is proven. */
export interface UnprovenToken {
  readonly text: string;
  readonly alg: JwtAlgorithm;
  readonly kid: string | undefined;
  readonly rules: TokenRules;
  /** Frozen, with all in it. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Ends the reading: one error to the bearer, the reason only in the log. */
export function refuse(reason: string): never {
  throw new InvalidTokenError(undefined, { cause: reason });
}

/** A header that was read, by how a text with it begins: its dot included. */
interface KnownHeader extends JoseHeader {
  readonly beginning: string;
}

/** All tokens of a key have one header: it is read once. */
const knownHeaders = new Map<string, KnownHeader>();
const KNOWN_HEADERS = 64;
/** To see that a text begins with it takes less time than to cut out of the text what to look up. */
let latestHeader: KnownHeader | undefined;

/**
 * Reads what must be right before anybody computes a signature.
 *
 * @throws InvalidTokenError
 * @see RFC 7515 §5.2, RFC 8725 §3
 */
export function readJws(text: string, maximumLength = MAXIMUM_LENGTH): UnprovenJws {
  if (text.length > maximumLength) refuse(`longer than ${maximumLength} bytes`);
  const { alg, kid, typ, beginning } = headerOf(text);
  const second = text.indexOf('.', beginning.length);
  const payload = text.slice(beginning.length, second);
  const signature = text.slice(second + 1);
  // A third dot would be in what should be the signature, where it is refused.
  if (second === -1 || payload === '' || signature === '') return refuse('not three parts');
  if (!isBase64url(payload)) refuse('payload is not canonical base64url');
  if (!isBase64url(signature)) refuse('signature is not canonical base64url');
  return { alg, kid, typ, payload };
}

function headerOf(text: string): KnownHeader {
  if (latestHeader !== undefined && text.startsWith(latestHeader.beginning)) return latestHeader;
  const end = text.indexOf('.') + 1;
  if (end < 2) return refuse('not three parts');
  const beginning = text.slice(0, end);
  let known = knownHeaders.get(beginning);
  if (known === undefined) {
    known = { ...readHeader(text.slice(0, end - 1)), beginning: flat(beginning) };
    if (knownHeaders.size >= KNOWN_HEADERS) knownHeaders.clear();
    knownHeaders.set(known.beginning, known);
  }
  return (latestHeader = known);
}

function readHeader(text: string): JoseHeader {
  if (!isBase64url(text)) refuse('header is not canonical base64url');
  // RFC 7515 §4: names must be unique; RFC 8725 §2.4: two parsers may choose two values.
  const header = readEncodedJsonObject(text, MAXIMUM_DEPTH);
  if (header === undefined) return refuse('header is not one strict JSON object');
  const { alg, kid, typ } = header;
  // RFC 8725 §3.1, §3.2: a list, compared exactly; "none" is not on it.
  if (!isJwtAlgorithm(alg)) return refuse('algorithm is not on the list');
  if (kid !== undefined && typeof kid !== 'string') return refuse('kid is not a text');
  if (kid !== undefined && (kid === '' || kid.length > MAXIMUM_KID_LENGTH)) refuse('kid is empty or too long');
  // RFC 7515 §4.1.11, RFC 7797 §7, RFC 8725 §3.6 and §3.10.
  for (const parameter of REFUSED_PARAMETERS) {
    if (Object.hasOwn(header, parameter)) refuse(`header has ${parameter}`);
  }
  return { alg, kid, typ };
}

/**
 * The strict reading of an access token before its signature is proven: afterwards the claims are checked by `readClaims`.
 *
 * @param rulesOf the rules for an issuer, or undefined for one that is not trusted
 * @throws InvalidTokenError
 * @see RFC 9068 §4, RFC 8725 §3
 */
export function readAccessToken(text: string, rulesOf: (issuer: unknown) => TokenRules | undefined): UnprovenToken {
  const { alg, kid, typ, payload } = readJws(text);
  const claims = readEncodedJsonObject(payload, MAXIMUM_DEPTH);
  if (claims === undefined) return refuse('payload is not one strict JSON object');
  // RFC 8725 §3.8: the issuer decides which keys and rules apply, before any key is looked for.
  const rules = rulesOf(claims.iss);
  if (rules === undefined) return refuse('issuer is not trusted');
  // RFC 9068 §4, RFC 8725 §3.11: an ID token, a logout token or a proof signed by the same key is no access token.
  if (typ !== rules.tokenType) refuse('typ is not the expected one');
  if (!rules.algorithms.includes(alg)) refuse('algorithm is not on the list of the issuer');
  return { text, alg, kid, rules, claims };
}
