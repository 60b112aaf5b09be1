import { assertReadable } from './foreign-hash.js';

/**
 * Base64 (RFC 4648 §4) with or without padding. Systems compare the text of a hash, so another spelling of the same
 * bytes is another hash.
 *
 * @throws UnsupportedHashError
 */
export function base64(text: string, padding: 'padded' | 'unpadded'): Buffer {
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64');
  const expected = padding === 'padded' ? canonical : canonical.replace(/=+$/, '');
  assertReadable(text !== '' && text === expected, `a part of the hash is not ${padding} base64`);
  return bytes;
}

/** The base64 of passlib and of OpenLDAP's PBKDF2: without padding, `.` for `+`. passlib also reads `+`. */
export function adaptedBase64(text: string): Buffer {
  return base64(text.replaceAll('.', '+'), 'unpadded');
}

/** Hexadecimal digits. @throws UnsupportedHashError */
export function hex(text: string, letters: 'lower' | 'any' = 'lower'): Buffer {
  const digits = letters === 'lower' ? /^(?:[\da-f]{2})+$/ : /^(?:[\da-f]{2})+$/i;
  assertReadable(digits.test(text), 'a part of the hash is not hexadecimal');
  return Buffer.from(text, 'hex');
}

/** A decimal number without leading zeros. @throws UnsupportedHashError */
export function decimal(text: string | undefined, what: string): number {
  assertReadable(text !== undefined && /^(?:0|[1-9]\d{0,9})$/.test(text), `the hash has no valid ${what}`);
  return Number(text);
}

const ITOA64 = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The number of a character in the alphabet of crypt(3); -1 if it has none. */
export const itoa64Of = (character: string): number => ITOA64.indexOf(character);

/** The encoding of phpass: three bytes are four characters, the lowest bits first. */
export function itoa64(bytes: Buffer): string {
  let text = '';
  for (let start = 0; start < bytes.length; start += 3) {
    const group = bytes.subarray(start, start + 3);
    let value = group.reduce((sum, byte, index) => sum | (byte << (8 * index)), 0);
    for (let count = 0; count <= group.length; count += 1, value >>>= 6) text += ITOA64[value & 63];
  }
  return text;
}
