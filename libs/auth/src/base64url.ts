import { isUtf8 } from 'node:buffer';

const ALPHABET = /^[\w-]+$/;
/** What the last character may be, by the length modulo four: any, none, and those whose unused bits are zero. */
const ENDINGS = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'] as const;

/** Where texts of a usual length are decoded: a buffer for each would be most of what a token leaves for the collector. */
const SCRATCH = Buffer.allocUnsafeSlow(8_192);

/**
 * Whether the text is base64url in its one spelling: without padding, white space or unused bits set. Two texts of one token would
 * be two entries of a deny-list, and of whatever else goes by the text.
 *
 * @see RFC 7515 §2, RFC 4648 §3.5
 */
export function isBase64url(text: string): boolean {
  if (!ALPHABET.test(text)) return false;
  const ending = ENDINGS[text.length % 4];
  return ending === undefined || ending.includes(text.charAt(text.length - 1));
}

/** The text whose UTF-8 is written in base64url, which was checked before; undefined where it is not UTF-8. */
export function textOfBase64url(encoded: string): string | undefined {
  const bytes = encoded.length <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafe(encoded.length);
  const length = bytes.write(encoded, 'base64url');
  const text = bytes.toString('utf8', 0, length);
  // U+FFFD stands for what could not be read, and for itself.
  return text.includes('\uFFFD') && !isUtf8(bytes.subarray(0, length)) ? undefined : text;
}
