/**
 * Returns the password in NFKC, so that different keyboards give the same password; `undefined` if it has more than
 * `maximumBytes` UTF-8 bytes before or after the normalisation.
 * @see NIST SP 800-63B-4 §3.1.1.2, RFC 8265 §4
 */
export function passwordText(typed: string, maximumBytes: number): string | undefined {
  // A UTF-16 unit has at least one byte: reject an oversized text before it is traversed.
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

/** Removes case, accents, spaces and punctuation: `Correct-Horse 7` becomes `correcthorse7`. */
export function normalizeForComparison(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

/** Also replaces digits and signs that look like letters: `P@ssw0rd` becomes `password`. */
export function deLeet(text: string): string {
  return normalizeForComparison(text.replace(/[0134578@$!]/g, (sign) => LOOK_ALIKES[sign] ?? sign));
}

/** Removes digits and signs at both ends: `!!password2026` becomes `password`. */
export function stripAffixes(text: string): string {
  return text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
}

/** Returns the parts of an e-mail address that a password must not be built from. */
export function contextWords(email: string): string[] {
  const [local = '', domain = ''] = email.split('@');
  // Skip the top-level domain: `info` or `shop` would reject good passphrases.
  const labels = domain.split('.').slice(0, -1);
  return [local, ...local.split(/[^\p{L}\p{N}]+/u), ...labels];
}
