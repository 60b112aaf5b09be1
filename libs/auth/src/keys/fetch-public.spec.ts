import { lookup } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fetchPublic } from './fetch-public.js';
import { readBounded } from './fetch-json.js';

describe('fetchPublic', () => {
  let server: Server;
  let url: URL;
  let asked: string[];

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url!);
      if (request.url === '/moved') response.writeHead(302, { location: '/jwks' }).end();
      else if (request.url === '/jwks') response.writeHead(200, { 'cache-control': 'max-age=60' }).end('{"keys":[]}');
      else response.writeHead(200).write('{');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = new URL(`http://localhost:${(server.address() as AddressInfo).port}/jwks`);
  });
  beforeEach(() => (asked = []));
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('fetchPublic does not connect to this machine, by name or by address', async () => {
    const { signal } = new AbortController();
    await expect(fetchPublic(url, signal)).rejects.toThrow('localhost is neither');
    const port = Number(url.port);
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '0.0.0.0']) {
      const there = new URL(`http://${host}:${port}/jwks`);
      await expect(fetchPublic(there, signal)).rejects.toThrow('write "jwks: { uri }"');
    }
    expect(asked).toEqual([]);
  });

  // This machine stands for a public host: only the resolver is another one.
  it('fetchPublic reads the response of a host whose addresses the lookup accepts, and follows no redirect', async () => {
    const { signal } = new AbortController();
    const answer = await fetchPublic(url, signal, lookup);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'max-age=60']);
    expect((await readBounded(answer, 100)).toString()).toBe('{"keys":[]}');
    expect((await fetchPublic(new URL('/moved', url), signal, lookup)).status).toBe(302);
    expect(asked).toEqual(['/jwks', '/moved']);
  });

  it('fetchPublic aborts a response that does not end', async () => {
    const stopping = new AbortController();
    const answer = await fetchPublic(new URL('/endless', url), stopping.signal, lookup);
    const body = readBounded(answer, 100);
    stopping.abort();
    await expect(body).rejects.toThrow('aborted');
  });
});
