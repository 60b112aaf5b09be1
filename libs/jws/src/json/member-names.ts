const QUOTE = 0x22;
const SLASH = 0x2f;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Whether a text of valid JSON has exactly this number of members at all depths. A text with a repeated name has more,
 * because the parser keeps one of them.
 *
 * @see RFC 8259 §4: parsers disagree about repeated names
 */
export function hasMembers(text: string, count: number): boolean {
  return count === countColons(text) || count === countNames(text);
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
    else if (character === QUOTE) at = endOfJsonString(text, at);
  }
  return names;
}

/** The index of the quote that closes the string opened at `start`, in valid JSON. */
export function endOfJsonString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
}
