import { once } from 'node:events';
import { connect } from 'node:net';
import { jest } from '@jest/globals';
import { SessionsService } from 'postern/sessions';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { LogLines } from '../support/log-lines.js';
import { proxyTo, startReplica } from '../revocations/cluster.js';
import type { TcpProxy, Replica } from '../revocations/cluster.js';
import { until } from '../support/until.js';

const issuer = 'https://id.example.test';
const SOCKETS = 200;
const PIPELINED = 20;

/** The statuses of requests that one socket sends at once. */
async function pipelined(port: number, path: string): Promise<string[]> {
  const probe = `GET ${path} HTTP/1.1\r\nHost: id.example.test\r\n`;
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  socket.write(`${`${probe}\r\n`.repeat(PIPELINED - 1)}${probe}Connection: close\r\n\r\n`);
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  await once(socket, 'close');
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status!);
}

const statusOf = async (url: string, token?: string): Promise<number> => {
  const response = await fetch(url, { headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  await response.text();
  return response.status;
};

// The servers promise this second. Other work on the machine may delay a run; a defect fails twice.
jest.retryTimes(1, { logErrorsBeforeRetry: true });

describe.each(['fastify', 'express'] as const)('GET /health/ready on %s', (adapter) => {
  let database: TestDatabase;
  let proxy: TcpProxy;
  let replica: Replica;
  let other: Replica;
  let log: LogLines;

  beforeEach(async () => {
    database = await createTestDatabase();
    const through = await proxyTo(database.url);
    proxy = through.proxy;
    other = await startReplica(database.url, issuer);
    log = new LogLines();
    replica = await startReplica(through.url, issuer, { adapter, logger: log });
  });

  afterEach(async () => {
    await Promise.all([replica.app.close(), other.app.close()]);
    await proxy.close();
    await database.drop();
  });

  /**
   * Measures the delay of a revocation from the other replica during many requests for the path, and collects the
   * answers.
   */
  async function heardBehindCrowd(path: string): Promise<{ milliseconds: number; statuses: string[] }> {
    const { token, sessionId } = await replica.signIn();
    const crowd = Promise.all(Array.from({ length: SOCKETS }, () => pipelined(replica.port, path)));
    await other.app.get(SessionsService).revoke(sessionId, 'test');
    const revokedAt = performance.now();
    await until(async () => (await statusOf(`${replica.url}/users/me`, token)) === 401);
    const milliseconds = performance.now() - revokedAt;
    return { milliseconds, statuses: (await crowd).flat() };
  }

  it('a replica answers 4,000 pipelined probes with 200 and rejects within a second what another replica revokes', async () => {
    // The time that this machine needs to parse and answer so many requests.
    const { milliseconds: computing } = await heardBehindCrowd('/health/live');
    const { milliseconds, statuses } = await heardBehindCrowd('/health/ready');
    expect(statuses.filter((status) => status !== '200')).toEqual([]);
    expect(statuses).toHaveLength(SOCKETS * PIPELINED);
    expect(milliseconds - computing).toBeLessThan(1000);
  });

  it('a replica answers 503 while its database is away and logs one line when that begins and one when it ends', async () => {
    const ready = () => statusOf(`${replica.url}/health/ready`);
    expect(await ready()).toBe(200);
    proxy.cut();
    await until(async () => (await ready()) === 503);
    const statuses = (
      await Promise.all(Array.from({ length: 10 }, () => pipelined(replica.port, '/health/ready')))
    ).flat();
    expect(new Set(statuses)).toEqual(new Set(['503']));
    proxy.resume();
    await until(async () => (await ready()) === 200);
    expect(log.of(/Not ready|Ready again|service-unavailable|Health Check/)).toEqual([
      expect.stringMatching(/^warn: Not ready: database is down/),
      expect.stringMatching(/^log: Ready again/),
    ]);
  });
});
