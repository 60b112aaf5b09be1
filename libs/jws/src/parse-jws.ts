import { isJwtAlgorithm } from './algorithms.js';
import { isBase64url } from './base64url.js';
import { flatString } from './flat-string.js';
import { readEncodedJsonObject } from './strict-json.js';
import type { JwtAlgorithm } from './algorithms.js';

const MAX_LENGTH = 8_192;
const MAX_DEPTH = 8;
const MAX_KID_LENGTH = 64;

/** Each of these changes the meaning of the token or contains a key. Postern's tokens have none of them. */
const REJECTED_PARAMETERS = ['crit', 'b64', 'zip', 'cty', 'jwk', 'jku', 'x5u', 'x5c'] as const;
/** RFC 7515 §4.1.7 and §4.1.8: hints that some issuers write beside `kid`. They contain no key. */
const THUMBPRINTS = ['x5t', 'x5t#S256'] as const;

/** The text is not a JWS that Postern accepts. The message names the rule and quotes nothing of the text. */
export class MalformedJwsError extends Error {}

/** The parameters of a header that are allowed. None of them is verified. */
interface JoseHeader {
  readonly alg: JwtAlgorithm;
  readonly kid: string | undefined;
  readonly typ: unknown;
  /** Whether the header has `x5t` or `x5t#S256`. */
  readonly hasThumbprint: boolean;
}

/** A well-formed JWS whose signature is not verified. */
export interface ParsedJws extends JoseHeader {
  readonly text: string;
  /** In base64url. */
  readonly payload: string;
  /** In base64url. */
  readonly signature: string;
}

function reject(reason: string): never {
  throw new MalformedJwsError(reason);
}

/** A parsed header with its encoded text, up to and including the dot. */
interface KnownHeader extends JoseHeader {
  readonly beginning: string;
}

/** All tokens of a key have the same header, so it is parsed once. */
const knownHeaders = new Map<string, KnownHeader>();
const MAX_KNOWN_HEADERS = 64;
/** `startsWith` is faster than a slice of the text and a lookup. */
let latestHeader: KnownHeader | undefined;

/**
 * Checks everything that must be right before a signature is computed.
 *
 * @param allowsThumbprint whether the header may have `x5t` or `x5t#S256`, which are not verified
 * @throws MalformedJwsError
 * @see RFC 7515 §5.2, RFC 8725 §3
 */
export function parseJws(text: string, maximumLength = MAX_LENGTH, allowsThumbprint = false): ParsedJws {
  if (text.length > maximumLength) reject(`longer than ${maximumLength} bytes`);
  const { alg, kid, typ, hasThumbprint, beginning } = headerOf(text);
  if (hasThumbprint && !allowsThumbprint) reject('header has x5t');
  const second = text.indexOf('.', beginning.length);
  const payload = text.slice(beginning.length, second);
  const signature = text.slice(second + 1);
  // A third dot would be in the signature, which is rejected then.
  if (second === -1 || payload === '' || signature === '') return reject('not three parts');
  if (!isBase64url(payload)) reject('payload is not canonical base64url');
  if (!isBase64url(signature)) reject('signature is not canonical base64url');
  return { text, alg, kid, typ, hasThumbprint, payload, signature };
}

function headerOf(text: string): KnownHeader {
  if (latestHeader !== undefined && text.startsWith(latestHeader.beginning)) return latestHeader;
  const end = text.indexOf('.') + 1;
  if (end < 2) return reject('not three parts');
  const beginning = text.slice(0, end);
  let header = knownHeaders.get(beginning);
  if (header === undefined) {
    header = { ...readHeader(text.slice(0, end - 1)), beginning: flatString(beginning) };
    if (knownHeaders.size >= MAX_KNOWN_HEADERS) knownHeaders.clear();
    knownHeaders.set(header.beginning, header);
  }
  return (latestHeader = header);
}

function readHeader(text: string): JoseHeader {
  if (!isBase64url(text)) reject('header is not canonical base64url');
  // RFC 7515 §4: names must be unique; RFC 8725 §2.4: two parsers may choose two values.
  const header = readEncodedJsonObject(text, MAX_DEPTH);
  if (header === undefined) return reject('header is not one strict JSON object');
  const { alg, kid, typ } = header;
  // RFC 8725 §3.1, §3.2: a list, compared exactly; "none" is not on it.
  if (!isJwtAlgorithm(alg)) return reject('algorithm is not on the list');
  if (kid !== undefined && typeof kid !== 'string') return reject('kid is not a string');
  if (kid !== undefined && (kid === '' || kid.length > MAX_KID_LENGTH)) reject('kid is empty or too long');
  // RFC 7515 §4.1.11, RFC 7797 §7, RFC 8725 §3.6 and §3.10.
  for (const parameter of REJECTED_PARAMETERS) {
    if (Object.hasOwn(header, parameter)) reject(`header has ${parameter}`);
  }
  return { alg, kid, typ, hasThumbprint: THUMBPRINTS.some((parameter) => Object.hasOwn(header, parameter)) };
}
