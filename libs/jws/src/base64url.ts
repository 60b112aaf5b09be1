import { isUtf8 } from 'node:buffer';

const ALPHABET = /^[\w-]+$/;
/** The allowed last characters, by the length modulo four: any, none, and those whose unused bits are zero. */
const ENDINGS = [undefined, '', 'AQgw', 'AEIMQUYcgkosw048'] as const;

/** Decodes texts of usual length: a buffer for each would be most of the garbage that a token leaves. */
const SCRATCH = Buffer.allocUnsafeSlow(8_192);

/**
 * Whether the text is base64url in its one canonical spelling: without padding, white space, or unused bits. With two
 * spellings, one token would have two texts, and everything that is keyed by the text would miss one of them.
 *
 * @see RFC 7515 §2, RFC 4648 §3.5
 */
export function isBase64url(text: string): boolean {
  if (!ALPHABET.test(text)) return false;
  const ending = ENDINGS[text.length % 4];
  return ending === undefined || ending.includes(text.charAt(text.length - 1));
}

/** Decodes UTF-8 from base64url that was checked before. Returns undefined if the bytes are not UTF-8. */
export function textOfBase64url(encoded: string): string | undefined {
  const bytes = encoded.length <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafe(encoded.length);
  const length = bytes.write(encoded, 'base64url');
  const text = bytes.toString('utf8', 0, length);
  // Node decodes malformed bytes as U+FFFD, which may also be a character of the text.
  return text.includes('\uFFFD') && !isUtf8(bytes.subarray(0, length)) ? undefined : text;
}
