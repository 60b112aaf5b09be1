import type { Child } from './child.js';
import type { Contender } from './contest.js';
import { CONNECTIONS, send, untilWarm } from './load.js';

/** A server of `GET /hello`, to which every connection presents its share of the tokens over and over, a second a turn. */
export function presentedWith(tokens: readonly string[], name: string, child: Child): Contender {
  const share = tokens.length / CONNECTIONS;
  const turn = () =>
    send({
      url: child.url,
      isSleepless: true,
      limit: { seconds: 1 },
      requests: (connection) =>
        tokens
          .slice((connection % CONNECTIONS) * share)
          .slice(0, share)
          .map((token) => ({ method: 'GET', path: '/hello', headers: { authorization: `Bearer ${token}` } })),
    });
  return { name, child, run: (round) => (round === 0 ? untilWarm(turn) : turn()) };
}
