/**
 * The one form in which a password is judged, hashed and compared (NFKC), or `undefined` when it has more than
 * `maximumBytes` UTF-8 bytes as it came or as it would be. Two keyboards that type one password differently get in alike.
 * @see NIST SP 800-63B-4 §3.1.1.2, RFC 8265 §4
 */
export function passwordText(typed: string, maximumBytes: number): string | undefined {
  // A UTF-16 unit is at least one byte: a giant is refused before it is walked through.
  if (typed.length > maximumBytes || Buffer.byteLength(typed) > maximumBytes) return undefined;
  const text = typed.normalize('NFKC');
  return Buffer.byteLength(text) > maximumBytes ? undefined : text;
}

const LOOK_ALIKES: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/** Lower case, without accents, spaces and punctuation: `Correct-Horse 7` becomes `correcthorse7`. */
export function normalizeForComparison(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** As `plain`, with digits and signs that stand for letters undone: `P@ssw0rd` becomes `password`. */
export function deLeet(text: string): string {
  return normalizeForComparison(text.replace(/[0134578@$!]/g, (sign) => LOOK_ALIKES[sign] ?? sign));
}

/** What is left when digits and signs at both ends are cut off: `!!password2026` becomes `password`. */
export function stripAffixes(text: string): string {
  return text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
}
