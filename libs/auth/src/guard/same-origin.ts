import { CrossSiteRequestError } from '../auth.errors.js';

/** The parts of a request that show which page has sent it. */
export interface SentRequest {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly method?: string | undefined;
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Rejects a request that a page of another origin may have sent with the user's cookie (CSRF). Safe methods change
 * nothing, except that the handshake of a WebSocket opens a channel whose messages the page can read.
 *
 * @param origins the origins of other pages that may act with the cookie
 * @throws CrossSiteRequestError unless the browser states that the page has the same origin or one of `origins`
 * @see https://www.w3.org/TR/fetch-metadata/, RFC 6455 §10.2
 */
export function assertSameOrigin({ headers, method }: SentRequest, origins: readonly string[]): void {
  if (method !== undefined && SAFE_METHODS.has(method) && headers['upgrade'] === undefined) return;
  const { origin } = headers;
  if (typeof origin === 'string' && origins.includes(origin)) return;
  const site = headers['sec-fetch-site'];
  // Browsers set both headers, and pages cannot. Without https, a browser sends only `Origin`.
  if (site === undefined ? isOwnOrigin(origin, headers['host']) : site === 'same-origin') return;
  throw new CrossSiteRequestError();
}

function isOwnOrigin(origin: unknown, host: unknown): boolean {
  return typeof origin === 'string' && URL.canParse(origin) && new URL(origin).host === host;
}
