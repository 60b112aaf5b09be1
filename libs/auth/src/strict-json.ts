import { isUtf8 } from 'node:buffer';
import { textOfBase64url } from './base64url.js';

const QUOTE = 0x22;
const SLASH = 0x2f;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * The one JSON object that the bytes are: strict UTF-8 without a byte-order mark, no name twice in any object, and not deeper
 * than allowed (the object itself is depth 1). It is frozen, and so is all in it. `undefined` for anything else.
 *
 * @see RFC 8725 §2.4, RFC 7515 §4, RFC 8259 §8.1
 */
export function readJsonObject(bytes: Buffer, maximumDepth: number): Record<string, unknown> | undefined {
  return parseJsonObject(isUtf8(bytes) ? bytes.toString('utf8') : undefined, maximumDepth);
}

/** The same of a part of a JWS, which was found to be base64url before. */
export function readEncodedJsonObject(encoded: string, maximumDepth: number): Record<string, unknown> | undefined {
  return parseJsonObject(textOfBase64url(encoded), maximumDepth);
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
  // RFC 8259 §4: of two members with one name the parser keeps one, so the text has more names than the value.
  const members = freeze(value, maximumDepth);
  const isStrict = members === countColons(text) || members === countNames(text);
  return isStrict ? (value as Record<string, unknown>) : undefined;
}

/**
 * No fewer than the names, and found faster: every name has its colon, and none of those stands before a slash, as in `https://`.
 * A text with other colons in its strings has more of them, and its names have to be counted.
 */
function countColons(text: string): number {
  let colons = 0;
  for (let at = text.indexOf(':'); at !== -1; at = text.indexOf(':', at + 1)) {
    if (text.charCodeAt(at + 1) !== SLASH) colons += 1;
  }
  return colons;
}

/** How many members the text writes down, however often it repeats a name. */
function countNames(text: string): number {
  let names = 0;
  // It is known to be JSON: only strings and colons need looking at.
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charCodeAt(at);
    if (character === COLON) names += 1;
    else if (character === QUOTE) at = endOfString(text, at);
  }
  return names;
}

/** Freezes the value with all in it, and says how many members it has, at any depth; NaN where it is deeper than allowed. */
function freeze(value: object, maximumDepth: number): number {
  if (maximumDepth < 1) return Number.NaN;
  const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
  let members = inner === value ? 0 : inner.length;
  // By index: every token comes through here, and an iterator costs more than all the rest.
  for (let at = 0; at < inner.length; at += 1) {
    const one = inner[at];
    if (typeof one === 'object' && one !== null) members += freeze(one, maximumDepth - 1);
  }
  Object.freeze(value);
  return members;
}

/** The place of the quote that closes the string opened at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
}
