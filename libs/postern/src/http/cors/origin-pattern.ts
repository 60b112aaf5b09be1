/** A scheme of an application in a web view, such as `capacitor`, with a host and without a path. */
const APPLICATION_ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/[\w.-]+(?::\d{1,5})?$/;

/** Schemes that are not the scheme of a page, or whose pages have the origin `null`. */
const NEVER_A_PAGE = new Set(['http', 'https', 'ws', 'wss', 'ftp', 'file', 'data', 'blob', 'javascript']);

/** `*.` as the first label, before two further labels or `localhost`. */
const WILDCARD = /^(https?:\/\/)\*(\.(?:localhost(?::\d+)?|[^*/.]+(?:\.[^*/.]+)+))$/;

const LABEL = /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/;

/** Whether the text is an origin that browsers send, a pattern such as `https://*.example.com`, or `*`. */
export function isOriginPattern(text: string): boolean {
  if (text === '*' || isWebOrigin(text)) return true;
  const wildcard = WILDCARD.exec(text);
  if (wildcard !== null) return isWebOrigin(`${wildcard[1]}label${wildcard[2]}`);
  const scheme = APPLICATION_ORIGIN.exec(text)?.[1];
  return scheme !== undefined && !NEVER_A_PAGE.has(scheme);
}

/**
 * Creates a function that returns whether an origin matches one of the patterns. The first label `*` stands for exactly
 * one label, as in a certificate (RFC 9525 §6.3). Everything else must be equal, including the scheme and the port.
 */
export function originMatcher(patterns: readonly string[]): (origin: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const wildcards = patterns.map((pattern) => WILDCARD.exec(pattern)).filter((match) => match !== null);
  return (origin) =>
    exact.has(origin) ||
    wildcards.some(
      ([, start, end]) =>
        origin.startsWith(start!) &&
        origin.endsWith(end!) &&
        LABEL.test(origin.slice(start!.length, Math.max(start!.length, origin.length - end!.length))),
    );
}

const isWebOrigin = (text: string): boolean =>
  /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text && !text.includes('*');
