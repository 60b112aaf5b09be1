import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { RedisSignal } from 'postern/revocations';
import { until } from '../support/until.js';

const isInstalled = spawnSync('redis-server', ['--version']).status === 0;
if (!isInstalled && process.env.CI === 'true') throw new Error('No redis-server is installed.');
if (!isInstalled) process.stderr.write('No redis-server is installed: its tests are skipped\n');

/** The rights that the guide to deployment gives to the user. */
const ACL = 'resetchannels &postern_revocations -@all +subscribe +publish +info';

/** A port for Redis. A node of a cluster also listens on the port that is larger by 10,000. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port < 50_000 ? port : port - 20_000;
}

describe('announcements through a Redis that is not a single open server', () => {
  let folder: string;
  const processes: ChildProcess[] = [];
  const clients: Redis[] = [];
  const signals: RedisSignal[] = [];
  let lines: Record<'log' | 'warn' | 'debug', string[]>;

  const launch = async (port: number, configuration: string, ...options: string[]): Promise<Redis> => {
    const file = join(folder, `${port}.conf`);
    writeFileSync(file, `port ${port}\nbind 127.0.0.1\nsave ""\ndir ${folder}\n${configuration}\n`);
    processes.push(spawn('redis-server', [file, ...options], { stdio: 'ignore' }));
    const password = /requirepass (\w+)/.exec(configuration)?.[1];
    const client = new Redis(port, '127.0.0.1', {
      retryStrategy: () => 50,
      disconnectTimeout: 100,
      maxRetriesPerRequest: null,
      ...(password !== undefined && { password }),
    });
    client.on('error', () => undefined);
    clients.push(client);
    await client.ping();
    return client;
  };
  /** Starts a signal that listens, and returns the numbers that it receives. */
  const listening = async (url: string): Promise<number[]> => {
    const received: number[] = [];
    await signalFor(url).listen((sequence) => void received.push(sequence));
    return received;
  };
  const signalFor = (url: string): RedisSignal => {
    const signal = new RedisSignal(url);
    signals.push(signal);
    return signal;
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'redis-'));
  });
  beforeEach(() => {
    lines = { log: [], warn: [], debug: [] };
    const noting = Object.entries(lines).map(([level, all]) => [level, (line: string) => all.push(line)]);
    Logger.overrideLogger({ error: () => undefined, ...Object.fromEntries(noting) });
  });
  afterEach(async () => {
    Logger.overrideLogger(false);
    await Promise.all(signals.splice(0).map((signal) => signal.stop()));
    for (const client of clients.splice(0)) client.disconnect();
    for (const one of processes.splice(0)) {
      one.kill('SIGKILL');
      await once(one, 'exit');
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('a user without the channel is reported with the ACL to write, which is sufficient, and the signal recovers automatically', async () => {
    if (!isInstalled) return;
    const port = await freePort();
    const redis = await launch(port, '');
    const acl = (rules: string) => redis.call('ACL', 'SETUSER', 'app', ...rules.split(' '));
    await acl('on >pw resetchannels -@all +subscribe +publish +info');
    const url = `redis://app:pw@127.0.0.1:${port}`;
    const received = await listening(url);
    const publisher = signalFor(url);
    await publisher.announce(1);
    await until(() => lines.warn.length === 2);
    for (const line of lines.warn) {
      expect(line).toMatch(
        /^Redis rejects the commands .*NOPERM.*ACL SETUSER <user> resetchannels &postern_revocations \+subscribe \+publish \+info/,
      );
    }
    await acl('resetchannels &postern_revocations');
    await until(async () => {
      await publisher.announce(2);
      return received.includes(2);
    }, 20_000);
    await until(() => lines.log.includes('Connection to Redis works again'));
    await publisher.announce(3);
    await until(() => received.includes(3));
    expect(lines.warn).toHaveLength(2);
  });

  it('a Sentinel in place of the server, and wrong credentials, are reported as such', async () => {
    if (!isInstalled) return;
    const port = await freePort();
    await launch(port, '', '--sentinel');
    const received = await listening(`redis://127.0.0.1:${port}`);
    await until(() => lines.warn.length === 1);
    expect(lines.warn[0]).toMatch(
      /^Redis publishes no announcements.*is a Sentinel: write redis\+sentinel:\/\/host:26379/,
    );
    expect(received).toEqual([]);
    const locked = await freePort();
    const redis = await launch(locked, '');
    await redis.call('ACL', 'SETUSER', 'app', 'on', '>pw', '+@all', '&*');
    await listening(`redis://app:wrong-pw@127.0.0.1:${locked}`);
    await until(() => lines.warn.length === 2);
    expect(lines.warn[1]).toMatch(/^Redis rejects the credentials.*WRONGPASS/);
    expect(lines.warn[1]).not.toContain('wrong-pw');
  });

  it('announcements arrive through Sentinels, also after they have chosen another master', async () => {
    if (!isInstalled) return;
    const [first, second, watcher, absent] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const secured = 'requirepass pw\nmasterauth pw';
    await launch(first, secured);
    const replica = await launch(second, `${secured}\nreplicaof 127.0.0.1 ${first}`);
    const watched = `sentinel monitor acme 127.0.0.1 ${first} 1\nsentinel auth-pass acme pw`;
    const sentinel = await launch(watcher, watched, '--sentinel');
    const knowsReplica = async () => String(await sentinel.call('SENTINEL', 'REPLICAS', 'acme')).includes(`${second}`);
    await until(knowsReplica, 30_000);
    const url = `redis+sentinel://:pw@127.0.0.1:${absent},127.0.0.1:${watcher}/acme`;
    const received = await listening(url);
    const publisher = signalFor(url);
    const arrives = (sequence: number) =>
      until(async () => {
        await publisher.announce(sequence);
        return received.includes(sequence);
      }, 30_000);
    await arrives(1);
    expect(lines.warn).toEqual([]);
    await until(() => sentinel.call('SENTINEL', 'FAILOVER', 'acme').then(Boolean, () => false), 30_000);
    await until(async () => (await replica.info('replication')).includes('role:master'), 30_000);
    // The former master ends, so that only the chosen one can deliver.
    const [former] = processes.splice(0, 1);
    former!.kill('SIGKILL');
    await once(former!, 'exit');
    await arrives(2);

    await listening(`redis+sentinel://:pw@127.0.0.1:${watcher}/another`);
    await until(() => lines.warn.some((line) => /^The Sentinels name no master.*the name of the master/.test(line)));
  });

  it('announcements arrive through a cluster, whatever its node', async () => {
    if (!isInstalled) return;
    const ports = [await freePort(), await freePort(), await freePort()];
    const nodes = await Promise.all(
      ports.map((port) => launch(port, `cluster-enabled yes\ncluster-config-file nodes-${port}.conf`)),
    );
    const slots = [0, 5_461, 10_923, 16_384];
    for (const [at, node] of nodes.entries()) {
      await node.call('CLUSTER', 'ADDSLOTSRANGE', slots[at]!, slots[at + 1]! - 1);
      if (at > 0) await node.call('CLUSTER', 'MEET', '127.0.0.1', ports[0]!);
    }
    const isWhole = async (node: Redis) =>
      /cluster_state:ok[^]*cluster_known_nodes:3/.test(String(await node.call('CLUSTER', 'INFO')));
    await until(async () => (await Promise.all(nodes.map(isWhole))).every(Boolean), 30_000);
    for (const node of nodes) {
      await node.call('ACL', 'SETUSER', 'app', 'on', '>pw', ...ACL.split(' '), '+cluster');
    }
    const url = `redis+cluster://app:pw@127.0.0.1:${await freePort()},127.0.0.1:${ports[0]},127.0.0.1:${ports[1]}`;
    const received = [await listening(url), await listening(`redis://app:pw@127.0.0.1:${ports[2]}`)];
    const publisher = signalFor(url);
    const arrives = (sequence: number, at: readonly number[][] = received) =>
      until(async () => {
        await publisher.announce(sequence);
        return at.every((all) => all.includes(sequence));
      }, 30_000);
    await arrives(1);
    expect(lines.warn).toEqual([]);
    const [first] = processes.splice(0, 1);
    first!.kill('SIGKILL');
    await once(first!, 'exit');
    await arrives(2);

    const single = await freePort();
    await launch(single, '');
    await listening(`redis+cluster://127.0.0.1:${single}`);
    await until(() => lines.warn.some((line) => /^Redis is not a cluster.*Write redis:\/\//.test(line)));
  });
});
