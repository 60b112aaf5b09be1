import type { Child } from './child.js';
import type { Contender } from '../measurement/comparison.js';
import { CONNECTIONS, startLoad } from '../measurement/load.js';

/** A server of `GET /hello`. Each connection presents its share of the tokens repeatedly. */
export function presentedWith(tokens: readonly string[], name: string, child: Child): Contender {
  const share = tokens.length / CONNECTIONS;
  return {
    name,
    child,
    isSleepless: true,
    start: () =>
      startLoad({
        url: child.url,
        requests: (connection) =>
          tokens
            .slice((connection % CONNECTIONS) * share)
            .slice(0, share)
            .map((token) => ({ method: 'GET', path: '/hello', headers: { authorization: `Bearer ${token}` } })),
      }),
  };
}
