import { Logger } from '@nestjs/common';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Clock } from '../revocations/clock.js';
import { RemoteVerificationKeys } from './remote-verification-keys.js';
import type { JwksSettings } from '../settings/auth-settings.js';

Logger.overrideLogger(false);

class HandSetClock extends Clock {
  seconds = 1_000_000;
  override now(): number {
    return this.seconds * 1000;
  }
}

type Route = (response: ServerResponse) => void;
const json =
  (body: unknown, headers: Record<string, string> = {}): Route =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const publicJwk = (kid: string, more: object = {}): object => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
  ...more,
});

describe('RemoteVerificationKeys', () => {
  let server: Server;
  let issuer: string;
  let clock: HandSetClock;
  let routes: Record<string, Route>;
  let asked: string[];
  let jwks: unknown[];
  let keys: RemoteVerificationKeys;

  const make = (settings: JwksSettings = {}): RemoteVerificationKeys =>
    (keys = new RemoteVerificationKeys([{ issuer, jwks: settings }], clock));
  const times = (path: string): number => asked.filter((one) => one === path).length;
  /** Lets what was begun in the background come to its end. */
  const settled = async (until: () => boolean): Promise<void> => {
    for (let turn = 0; turn < 500 && !until(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  };

  beforeEach(async () => {
    clock = new HandSetClock();
    asked = [];
    jwks = [publicJwk('k1')];
    server = createServer((request, response) => {
      asked.push(request.url!);
      const route = routes[request.url!];
      if (route) route(response);
      else response.writeHead(404).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    routes = {
      '/.well-known/oauth-authorization-server': json({ issuer, jwks_uri: `${issuer}/jwks` }),
      '/jwks': (response) => json({ keys: jwks })(response),
    };
  });

  afterEach(async () => {
    keys.stop();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('finds the key set by RFC 8414, then by OpenID Connect, or at the address it is told', async () => {
    await expect(make().find(issuer, 'k1')).resolves.toMatchObject({ kid: 'k1', alg: 'ES256' });
    routes['/.well-known/openid-configuration'] = routes['/.well-known/oauth-authorization-server']!;
    delete routes['/.well-known/oauth-authorization-server'];
    await expect(make().find(issuer, 'k1')).resolves.toMatchObject({ kid: 'k1' });
    asked = [];
    await expect(make({ uri: `${issuer}/jwks` }).find(issuer, 'k1')).resolves.toMatchObject({ kid: 'k1' });
    expect(asked).toEqual(['/jwks']);
  });

  it('puts the well-known part before the path of an issuer that has one (RFC 8414 §3.1)', async () => {
    const tenant = `${issuer}/tenant`;
    routes['/.well-known/oauth-authorization-server/tenant'] = json({ issuer: tenant, jwks_uri: `${issuer}/jwks` });
    keys = new RemoteVerificationKeys([{ issuer: tenant }], clock);
    await expect(keys.find(tenant, 'k1')).resolves.toMatchObject({ kid: 'k1' });
  });

  it('finds the metadata below the path of an issuer that rules over nothing above it', async () => {
    const below = `${issuer}/api`;
    routes['/api/.well-known/oauth-authorization-server'] = json({ issuer: below, jwks_uri: `${issuer}/jwks` });
    keys = new RemoteVerificationKeys([{ issuer: below }], clock);
    await expect(keys.find(below, 'k1')).resolves.toMatchObject({ kid: 'k1' });
  });

  it('asks again soon where its clock was ahead and is set right', async () => {
    clock.seconds += 172_800;
    await make().find(issuer, 'k1');
    clock.seconds -= 172_800;
    jwks = [publicJwk('k2')];
    void keys.find(issuer, 'k1');
    await settled(() => !keys.isLive(issuer, 'k1'));
    expect(keys.isLive(issuer, 'k1')).toBe(false);
    expect(keys.find(issuer, 'k2')).toMatchObject({ kid: 'k2' });
  });

  it('answers from memory once it knows the key, without a promise', async () => {
    await make().find(issuer, 'k1');
    expect(keys.find(issuer, 'k1')).toMatchObject({ kid: 'k1' });
    expect(keys.isLive(issuer, 'k1')).toBe(true);
    expect(times('/jwks')).toBe(1);
  });

  it('asks once for a thousand unknown keys at once, and once a cool-down for a storm of them', async () => {
    make();
    await Promise.all(Array.from({ length: 1_000 }, async (_, at) => keys.find(issuer, `unknown-${at}`)));
    expect(asked).toEqual(['/.well-known/oauth-authorization-server', '/jwks']);
    for (let at = 0; at < 1_000; at += 1) expect(await keys.find(issuer, `later-${at}`)).toBeUndefined();
    expect(times('/jwks')).toBe(1);
    clock.seconds += 30;
    await Promise.all(Array.from({ length: 1_000 }, async (_, at) => keys.find(issuer, `again-${at}`)));
    expect(times('/jwks')).toBe(2);
  });

  it('finds a key that was published since, after the cool-down', async () => {
    await make().find(issuer, 'k1');
    jwks.push(publicJwk('k2'));
    expect(await keys.find(issuer, 'k2')).toBeUndefined();
    clock.seconds += 30;
    await expect(keys.find(issuer, 'k2')).resolves.toMatchObject({ kid: 'k2' });
  });

  it('serves the old set while it fetches the new, and forgets a key that is not in it', async () => {
    await make().find(issuer, 'k1');
    jwks = [publicJwk('k2')];
    clock.seconds += 300;
    expect(keys.isLive(issuer, 'k1')).toBe(true);
    await settled(() => !keys.isLive(issuer, 'k1'));
    expect(keys.isLive(issuer, 'k1')).toBe(false);
    expect(keys.isLive(issuer, 'k2')).toBe(true);
    expect(times('/jwks')).toBe(2);
  });

  it.each([
    ['max-age=120', 119, 120],
    ['public, max-age=0', 59, 60],
    ['max-age=99999999', 599, 600],
    ['no-cache', 299, 300],
  ])(
    'keeps a set with "%s" fresh for more than %i and less than %i seconds',
    async (header, fresh, stale) => {
      routes['/jwks'] = (response) => json({ keys: jwks }, { 'cache-control': header })(response);
      await make().find(issuer, 'k1');
      clock.seconds += fresh;
      keys.isLive(issuer, 'k1');
      await settled(() => times('/jwks') > 1 || asked.length > 5);
      expect(times('/jwks')).toBe(1);
      clock.seconds += stale - fresh;
      keys.isLive(issuer, 'k1');
      await settled(() => times('/jwks') > 1);
      expect(times('/jwks')).toBe(2);
    },
    10_000,
  );

  it('goes on with the old set while the issuer is down, but not for ever', async () => {
    await make({ maximumStaleSeconds: 3_600 }).find(issuer, 'k1');
    routes['/jwks'] = (response) => response.writeHead(500).end();
    clock.seconds += 3_599;
    expect(keys.isLive(issuer, 'k1')).toBe(true);
    await settled(() => times('/jwks') > 1);
    clock.seconds += 1;
    expect(keys.isLive(issuer, 'k1')).toBe(false);
  });

  it('starts while the issuer is down, and asks again soon', async () => {
    delete routes['/jwks'];
    make().prefetch();
    await settled(() => times('/jwks') > 0);
    await settled(() => keys.find(issuer, 'k1') === undefined);
    expect(keys.find(issuer, 'k1')).toBeUndefined();
    routes['/jwks'] = json({ keys: jwks });
    clock.seconds += 1;
    await expect(keys.find(issuer, 'k1')).resolves.toMatchObject({ kid: 'k1' });
  });

  const moveTo = (path: string): void => {
    const metadata = '/.well-known/oauth-authorization-server';
    Object.assign(routes, { [metadata]: json({ issuer, jwks_uri: issuer + path }), [path]: routes['/jwks'] });
    delete routes['/jwks'];
  };

  it('asks where the key set is now once it is not where it was, and no more often than for keys', async () => {
    await make().find(issuer, 'k1');
    jwks.push(publicJwk('k2'));
    moveTo('/moved');
    for (let time = 0; time < 2; time += 1) {
      clock.seconds += 30;
      for (const _ of [1, 2, 3]) await keys.find(issuer, 'k2');
    }
    expect(keys.find(issuer, 'k2')).toMatchObject({ kid: 'k2' });
    expect(asked).toEqual([
      '/.well-known/oauth-authorization-server',
      '/jwks',
      '/jwks',
      '/.well-known/oauth-authorization-server',
      '/moved',
    ]);
  });

  it('goes on where the key set was while the metadata cannot be had', async () => {
    await make().find(issuer, 'k1');
    const [place, metadata] = [routes['/jwks']!, '/.well-known/oauth-authorization-server'];
    delete routes['/jwks'];
    routes[metadata] = () => undefined;
    clock.seconds += 30;
    await keys.find(issuer, 'k2');
    jwks.push(publicJwk('k2'));
    routes['/jwks'] = place;
    clock.seconds += 30;
    await expect(keys.find(issuer, 'k2')).resolves.toMatchObject({ kid: 'k2' });
    expect(times(metadata)).toBe(2);
  });

  it('asks once a day where the key set is, even if it still is where it was', async () => {
    await make().find(issuer, 'k1');
    const old = routes['/jwks']!;
    moveTo('/moved');
    routes['/jwks'] = old;
    clock.seconds += 86_400;
    await keys.find(issuer, 'k2');
    expect([times('/jwks'), times('/moved')]).toEqual([1, 1]);
  });

  it('is renewed in short order where the replica that was asked does not know the key yet, and four times a second at most', async () => {
    const began = performance.now();
    const elapsed = () => performance.now() - began;
    expect(await make().find(issuer, 'k2')).toBeUndefined();
    await keys.renew(issuer);
    jwks.push(publicJwk('k2'));
    await keys.renew(issuer);
    expect(keys.find(issuer, 'k2')).toMatchObject({ kid: 'k2' });
    await keys.renew(issuer);
    expect(elapsed()).toBeLessThan(400);
    expect(times('/jwks')).toBe(4);
    await Promise.all([keys.renew(issuer), keys.renew(issuer)]);
    expect(elapsed()).toBeGreaterThan(990);
    expect(times('/jwks')).toBe(5);
  });

  it('knows no key of another issuer, and none without a name', async () => {
    await make().find(issuer, 'k1');
    expect(keys.find('https://other.example', 'k1')).toBeUndefined();
    expect(keys.isLive('https://other.example', 'k1')).toBe(false);
    expect(keys.find(issuer, undefined)).toBeUndefined();
  });

  it('passes over what is no key for access tokens, and counts neither of two with one name', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
    jwks = [
      { kty: 'oct', k: 'A'.repeat(43), kid: 'secret', alg: 'HS256' },
      publicJwk('enc', { use: 'enc' }),
      publicJwk('alg', { alg: 'ECDH-ES' }),
      { ...rsa, kid: 'weak' },
      { kty: 'OKP', crv: 'Ed25519', x: 'AAAA', kid: 'okp' },
      publicJwk('twice'),
      publicJwk('twice'),
      { ...publicJwk('x'), kid: undefined },
      null,
      'text',
      publicJwk('k1'),
    ];
    make();
    await expect(keys.find(issuer, 'k1')).resolves.toMatchObject({ kid: 'k1' });
    const others = ['secret', 'enc', 'alg', 'weak', 'okp', 'twice'];
    expect(others.filter((kid) => keys.isLive(issuer, kid))).toEqual([]);
  });

  it.each<[string, (at: string) => Record<string, Route>]>([
    [
      'metadata of another issuer',
      (at) => ({ '/.well-known/oauth-authorization-server': json({ issuer: `${at}/x`, jwks_uri: `${at}/jwks` }) }),
    ],
    ['metadata without a key set', (at) => ({ '/.well-known/oauth-authorization-server': json({ issuer: at }) })],
    [
      'a key set over plain http elsewhere',
      (at) => ({ '/.well-known/oauth-authorization-server': json({ issuer: at, jwks_uri: 'http://192.0.2.1/jwks' }) }),
    ],
    [
      'a key set in a file',
      (at) => ({ '/.well-known/oauth-authorization-server': json({ issuer: at, jwks_uri: 'file:///etc/passwd' }) }),
    ],
    ['a redirect', (at) => ({ '/jwks': (response) => response.writeHead(302, { location: `${at}/elsewhere` }).end() })],
    ['an answer that is too long', () => ({ '/jwks': json(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`) })],
    ['an answer that never ends', () => ({ '/jwks': (response) => void response.writeHead(200).write('{') })],
    ['an answer that is no JSON', () => ({ '/jwks': json('<html>') })],
    ['names that come twice', () => ({ '/jwks': json('{"keys":[],"keys":[]}') })],
    ['keys that are no list', () => ({ '/jwks': json({ keys: {} }) })],
    ['no key at all', () => ({ '/jwks': json({ keys: [] }) })],
    ['a thousand keys', () => ({ '/jwks': json({ keys: Array.from({ length: 1_000 }, () => ({})) }) })],
  ])('takes no key from %s, and does not fail by it', async (_, change) => {
    Object.assign(routes, { '/elsewhere': json({ keys: jwks }), ...change(issuer) });
    expect(await make({ timeoutSeconds: 0.3 }).find(issuer, 'k1')).toBeUndefined();
    expect(times('/elsewhere')).toBe(0);
  });

  it.each(['127.0.0.1', '127.1', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]', '0.0.0.0', 'localhost.', '[::1]'])(
    'takes no key from %s, which is not the own origin of an issuer on localhost, unless the settings name it',
    async (host) => {
      const { port } = server.address() as AddressInfo;
      issuer = `http://localhost:${port}`;
      const uri = `http://${host}:${port}/jwks`;
      routes['/.well-known/oauth-authorization-server'] = json({ issuer, jwks_uri: uri });
      expect(await make({ allowInsecure: true }).find(issuer, 'k1')).toBeUndefined();
      expect(times('/jwks')).toBe(0);
      keys.stop();
      // The server has no such address, and not every resolver knows such a name.
      if (host === '[::1]' || host === 'localhost.') return;
      await expect(make({ uri, allowInsecure: true }).find(issuer, 'k1')).resolves.toMatchObject({ kid: 'k1' });
    },
  );

  it('takes no key from a name that resolves to this machine', async () => {
    const { port } = server.address() as AddressInfo;
    const uri = `http://localhost:${port}/jwks`;
    routes['/.well-known/oauth-authorization-server'] = json({ issuer, jwks_uri: uri });
    expect(await make().find(issuer, 'k1')).toBeUndefined();
    expect(times('/jwks')).toBe(0);
  });

  it('speaks plain http only with this machine, unless it is told to', () => {
    const of =
      (address: string, jwks_: JwksSettings = {}) =>
      () =>
        new RemoteVerificationKeys([{ issuer: address, jwks: jwks_ }], clock);
    make();
    expect(of('https://id.example.com')).not.toThrow();
    expect(of('http://localhost:3000')).not.toThrow();
    expect(of('http://[::1]:3000')).not.toThrow();
    expect(of('http://id.internal', { allowInsecure: true })).not.toThrow();
    expect(of('http://id.example.com')).toThrow(/allowInsecure/);
    expect(of('http://127.0.0.1.evil.example')).toThrow(/allowInsecure/);
    expect(of('ftp://id.example.com')).toThrow(/https/);
    expect(of('orders')).toThrow(/no address/);
    expect(of('urn:issuer', { uri: 'https://id.example.com/jwks' })).not.toThrow();
    expect(of('https://id.example.com', { uri: 'http://id.example.com/jwks' })).toThrow(/allowInsecure/);
    expect(of('https://user:password@id.example.com')).toThrow(/password/);
  });
});
