import { isAscii, isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The one JSON object that the bytes are: strict UTF-8 without a byte-order mark, no name twice in any object, and not deeper
 * than allowed (the object itself is depth 1). `undefined` for anything else.
 *
 * @see RFC 8725 §2.4, RFC 7515 §4, RFC 8259 §8.1
 */
export function readJsonObject(bytes: Buffer, maximumDepth: number): Record<string, unknown> | undefined {
  const text = textOf(bytes);
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // RFC 8259 §4: of two members with one name the parser keeps one, so the text has more names than the value.
  return countNames(text, maximumDepth) === countMembers(value) ? (value as Record<string, unknown>) : undefined;
}

function textOf(bytes: Buffer): string | undefined {
  // What nearly every token is, and decoded by copying.
  if (isAscii(bytes)) return bytes.toString('latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : undefined;
}

/** How many members the text writes down, however often it repeats a name; NaN where it is deeper than allowed. */
function countNames(text: string, maximumDepth: number): number {
  let names = 0;
  let depth = 0;
  // It is known to be JSON: only strings, brackets and colons need looking at.
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        depth += 1;
        if (depth > maximumDepth) return Number.NaN;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth -= 1;
        break;
      case 0x3a: // :
        names += 1;
        break;
      case QUOTE:
        at = endOfString(text, at);
        break;
    }
  }
  return names;
}

/** How many members the value has, at any depth. */
function countMembers(value: object): number {
  const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
  let members = inner === value ? 0 : inner.length;
  for (const one of inner) {
    if (typeof one === 'object' && one !== null) members += countMembers(one);
  }
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
