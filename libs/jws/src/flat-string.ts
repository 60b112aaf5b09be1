/**
 * Returns the same string as one piece of memory. V8 keeps a slice as a pointer into its parent, which stays alive
 * with all its bytes, and a concatenation as a tree, which is slow to compare. A string with characters beyond Latin
 * 1 is returned unchanged.
 */
export function flatString(text: string): string {
  const copy = Buffer.from(text, 'latin1').toString('latin1');
  return copy === text ? copy : text;
}
