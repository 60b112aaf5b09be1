import type { LimitState } from '../limit.js';

/**
 * The fields `RateLimit-Policy` (q: points, w: seconds) and `RateLimit` (r: points that are left, t: seconds until the
 * next point), as lists of structured fields, with one item for each limit.
 * @see draft-ietf-httpapi-ratelimit-headers-10 §3 and §4, RFC 9651
 */
export function rateLimitHeadersOf(states: readonly LimitState[]): Record<string, string> {
  return {
    'RateLimit-Policy': states.map(({ name, points, seconds }) => `"${name}";q=${points};w=${seconds}`).join(', '),
    RateLimit: states
      .map(({ name, remaining, waitSeconds }) => `"${name}";r=${remaining};t=${Math.ceil(waitSeconds)}`)
      .join(', '),
  };
}
