import { isUtf8 } from 'node:buffer';
import { textOfBase64url } from '../base64url.js';
import { hasMembers } from './member-names.js';

/** Strict UTF-8 has no surrogates, so each is an escape sequence. */
const SURROGATE_ESCAPE = /\\u[dD][89a-fA-F]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * How deep the claims of an access token may be nested. The object of all claims is level 1, so `{ address: { city } }`
 * among them is level 2.
 */
export const MAX_CLAIMS_DEPTH = 8;

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
  return hasMembers(text, freeze(value, maximumDepth)) ? (value as Record<string, unknown>) : undefined;
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
