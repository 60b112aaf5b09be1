import { getEventListeners, once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fetchJson } from '../keys/fetch-json.js';
import { RevocationFeedClient } from './revocation-feed-client.js';

/** The number of listeners and dependent signals of a signal. */
function keptBy(signal: AbortSignal): number {
  const kept = Object.getOwnPropertySymbols(signal)
    .filter(({ description }) => description === 'kDependantSignals')
    .map((symbol) => (signal as unknown as Record<symbol, Set<unknown> | null>)[symbol]?.size ?? 0);
  return getEventListeners(signal, 'abort').length + kept.reduce((sum, size) => sum + size, 0);
}

describe('requests to an issuer', () => {
  let server: Server;
  let answer: RequestListener;
  let requested: string[];
  let stopping: AbortController;

  beforeEach(async () => {
    requested = [];
    stopping = new AbortController();
    server = createServer((request, response) => {
      requested.push(request.url!);
      answer(request, response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(() => {
    stopping.abort();
    server.closeAllConnections();
    server.close();
  });

  const origin = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const follow = (transport: 'sse' | 'poll', maximumSilenceSeconds = 10) =>
    new RevocationFeedClient({
      issuer: origin(),
      audience: 'orders',
      revocations: { follow: true, token: 'a token', uri: `${origin()}/feed`, transport, maximumSilenceSeconds },
    });

  it.each<['sse' | 'poll', string, RequestListener]>([
    ['sse', 'text/event-stream', (_, response) => response.end('event: position\ndata: {"sequence":1}\n\n')],
    [
      'poll',
      'application/json',
      (_, response) =>
        response.end(
          JSON.stringify({
            reset: false,
            sets: [],
            sequence: 1,
            cursor: `${requested.length}.`,
            more_available: false,
          }),
        ),
    ],
  ])(
    'RevocationFeedClient leaves no listener at the shutdown signal after many requests by %s',
    async (transport, type, respond) => {
      answer = (request, response) => {
        response.setHeader('content-type', type);
        respond(request, response);
      };
      const client = follow(transport);
      const connections: unknown[] = [];
      server.on('connection', (socket) => connections.push(socket));
      while (requested.length < 20) {
        for await (const message of client.messages('0.', stopping.signal)) {
          expect(message.type).toBe('position');
          if (requested.length >= 20 || transport === 'sse') break;
        }
      }
      expect(keptBy(stopping.signal)).toBeLessThanOrEqual(1);
      // Polls share a connection, because each response is read completely. Each stream has its own connection.
      expect(connections.length).toBeLessThan(transport === 'poll' ? 5 : 22);
    },
  );

  it.each(['an answer', 'an error', 'nothing at all'])(
    'fetchJson leaves no listener at the shutdown signal if the response is %s',
    async (what) => {
      answer = (_, response) => {
        if (what !== 'nothing at all') response.writeHead(what === 'an answer' ? 200 : 500).end('{}');
      };
      const limits = { timeoutSeconds: 0.05, maximumBytes: 100, allowInsecure: true, signal: stopping.signal };
      for (let n = 0; n < 10; n += 1) await fetchJson(new URL(origin()), limits).catch(() => undefined);
      expect(requested).toHaveLength(10);
      expect(keptBy(stopping.signal)).toBe(0);
    },
  );

  it.each<[string, (after: string | null) => object]>([
    ['empty', (after) => ({ sets: [], cursor: after ?? '0.' })],
    ['the same', () => ({ sets: ['a token'], cursor: '1.' })],
    ['a snapshot', () => ({ reset: true, sets: [], cursor: '1.' })],
    ['an unfinished one that does not move on', () => ({ sets: [], cursor: '1.', more_available: true })],
  ])('RevocationFeedClient limits the rate of its requests if each response is %s and immediate', async (_, page) => {
    answer = ({ url }, response) => {
      const body = page(new URL(url!, origin()).searchParams.get('after'));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ reset: false, sequence: 1, more_available: false, ...body }));
    };
    const reading = (async () => {
      for await (const message of follow('poll').messages('0.', stopping.signal)) void message;
    })().catch(() => undefined);
    await delay(1300);
    expect(requested.length).toBeGreaterThan(1);
    expect(requested.length).toBeLessThan(6);
    stopping.abort();
    await reading;
  });

  it('RevocationFeedClient polls after a stream without a position, and tries the stream again if the poll fails', async () => {
    const accepted: (string | undefined)[] = [];
    let pollsWork = true;
    answer = ({ headers }, response) => {
      accepted.push(headers.accept);
      expect(headers['accept-encoding']).toBe('identity');
      if (headers.accept === 'text/event-stream') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        // A comment of a proxy is not an event.
        return void response.write(': hello\n\n');
      }
      if (!pollsWork) return void response.writeHead(502).end();
      const page = { reset: false, sets: [], sequence: 1, cursor: `${accepted.length}.`, more_available: false };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(page));
    };
    const client = follow('sse', 2);
    const next = () => client.messages('0.', stopping.signal).next();
    await expect(next()).rejects.toThrow('the stream of the feed is silent (timeout), so the next requests are polls');
    await expect(next()).resolves.toMatchObject({ value: { type: 'position', sequence: 1 } });
    pollsWork = false;
    await expect(next()).rejects.toThrow('the feed answered 502');
    await expect(next()).rejects.toThrow('the stream of the feed is silent');
    expect(accepted.map((type) => type?.split('/')[1])).toEqual(['event-stream', 'json', 'json', 'event-stream']);
  });

  it('RevocationFeedClient polls again immediately if a response was full or contained events', async () => {
    answer = (_, response) => {
      const n = requested.length;
      const page = { reset: n === 1, sets: ['a token'], sequence: n, cursor: `${n}.`, more_available: n < 5 };
      response.setHeader('content-type', 'application/json');
      if (n < 10) response.end(JSON.stringify(page));
    };
    const reading = (async () => {
      for await (const message of follow('poll').messages(undefined, stopping.signal)) void message;
    })().catch(() => undefined);
    await delay(300);
    expect(requested).toHaveLength(10);
    stopping.abort();
    await reading;
  });

  it('RevocationFeedClient and fetchJson abort their requests when the application shuts down', async () => {
    answer = () => undefined;
    const limits = { timeoutSeconds: 60, maximumBytes: 100, allowInsecure: true, signal: stopping.signal };
    const outcomes = [
      fetchJson(new URL(origin()), limits),
      follow('poll').messages('0.', stopping.signal).next(),
      follow('sse').messages('0.', stopping.signal).next(),
    ].map((outcome) => expect(outcome).rejects.toThrow('aborted'));
    while (requested.length < 3) await delay(5);
    stopping.abort();
    await Promise.all(outcomes);
    await expect(fetchJson(new URL(origin()), limits)).rejects.toThrow('aborted');
    expect(requested).toHaveLength(3);
  });
});
