import { isUtf8 } from 'node:buffer';
import { textOfBase64url } from './base64url.js';

/**
 * How deep the claims of an access token may be nested. The object of all claims is level 1, so `{ address: { city } }`
 * among them is level 2.
 */
export const MAX_CLAIMS_DEPTH = 8;

const QUOTE = 0x22;
const SLASH = 0x2f;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
/** Strict UTF-8 has no surrogates, so each is an escape sequence. */
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Parses one JSON object: strict UTF-8 without a byte-order mark, unique names in every object, and no deeper than
 * allowed (the object itself is depth 1). The object and everything in it are frozen. Returns undefined for anything
 * else.
 *
 * @see RFC 8725 §2.4, RFC 7515 §4, RFC 8259 §8.1
 */
export function readJsonObject(bytes: Buffer, maximumDepth: number): Record<string, unknown> | undefined {
  return parseJsonObject(isUtf8(bytes) ? bytes.toString('utf8') : undefined, maximumDepth);
}

/**
 * Does the same with a part of a JWS, which was checked to be base64url before. It also rejects a lone surrogate: JSON
 * can only escape it, and two libraries read it as two different texts.
 *
 * @see RFC 8259 §8.2, RFC 7493 §2.1
 */
export function readEncodedJsonObject(encoded: string, maximumDepth: number): Record<string, unknown> | undefined {
  const text = textOfBase64url(encoded);
  const value = parseJsonObject(text, maximumDepth);
  if (value === undefined || !SURROGATE_ESCAPE.test(text!)) return value;
  return hasLoneSurrogate(value) ? undefined : value;
}

/** Whether a text or a name anywhere in the JSON value is not well-formed Unicode. */
function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return LONE_SURROGATE.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => LONE_SURROGATE.test(name) || hasLoneSurrogate(member));
}

function parseJsonObject(text: string | undefined, maximumDepth: number): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // RFC 8259 §4: the parser keeps one of two members with the same name, so the text then has more names than the
  // value.
  const members = freeze(value, maximumDepth);
  const isStrict = members === countColons(text) || members === countNames(text);
  return isStrict ? (value as Record<string, unknown>) : undefined;
}

/**
 * A fast upper bound of the number of names: every name is followed by a colon, and that colon is never followed by a
 * slash, as in `https://`. If strings of the text hold other colons, the bound is too high, and `countNames` decides.
 */
function countColons(text: string): number {
  let colons = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    if (text.charCodeAt(at + 1) !== SLASH) colons += 1;
  }
  return colons;
}

/** Counts the members in the text, repeated names included. */
function countNames(text: string): number {
  let names = 0;
  // The text is valid JSON, so only strings and colons matter.
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === COLON) names += 1;
    else if (character === QUOTE) at = endOfString(text, at);
  }
  return names;
}

/**
 * Freezes the value and everything in it. Returns the number of its members at any depth, or NaN if it is deeper than
 * allowed.
 */
function freeze(value: object, maximumDepth: number): number {
  if (maximumDepth < 1) return Number.NaN;
  const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
  let members = inner === value ? 0 : inner.length;
  // By index: this runs for every token, and an iterator costs more than the rest of it.
  for (let at = 0; at < inner.length; at += 1) {
    const member = inner[at];
    if (typeof member === 'object' && member !== null) members += freeze(member, maximumDepth - 1);
  }
  Object.freeze(value);
  return members;
}

/** The index of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
}
