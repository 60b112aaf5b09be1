import { jest } from '@jest/globals';
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
  let requested: string[];
  let jwks: unknown[];
  let keys: RemoteVerificationKeys;

  const make = (settings: JwksSettings = {}): RemoteVerificationKeys =>
    (keys = new RemoteVerificationKeys([{ issuer, jwks: settings }], clock));
  const times = (path: string): number => requested.filter((one) => one === path).length;
  /** Waits until work in the background has finished. */
  const settled = async (until: () => boolean): Promise<void> => {
    for (let turn = 0; turn < 500 && !until(); turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  };

  beforeEach(async () => {
    clock = new HandSetClock();
    requested = [];
    jwks = [publicJwk('k1')];
    server = createServer((request, response) => {
      requested.push(request.url!);
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

  it('RemoteVerificationKeys finds the key set by RFC 8414, then by OpenID Connect, or at the configured URL', async () => {
    await expect(make().find(issuer, 'k1')).resolves.toMatchObject({ kid: 'k1', alg: 'ES256' });
    routes['/.well-known/openid-configuration'] = routes['/.well-known/oauth-authorization-server']!;
    delete routes['/.well-known/oauth-authorization-server'];
    await expect(make().find(issuer, 'k1')).resolves.toMatchObject({ kid: 'k1' });
    requested = [];
    await expect(make({ uri: `${issuer}/jwks` }).find(issuer, 'k1')).resolves.toMatchObject({ kid: 'k1' });
    expect(requested).toEqual(['/jwks']);
  });

  it('RemoteVerificationKeys puts the well-known part before the path of the issuer (RFC 8414 §3.1)', async () => {
    const tenant = `${issuer}/tenant`;
    routes['/.well-known/oauth-authorization-server/tenant'] = json({ issuer: tenant, jwks_uri: `${issuer}/jwks` });
    keys = new RemoteVerificationKeys([{ issuer: tenant }], clock);
    await expect(keys.find(tenant, 'k1')).resolves.toMatchObject({ kid: 'k1' });
  });

  it('RemoteVerificationKeys finds the metadata below the path of an issuer that controls only its path', async () => {
    const below = `${issuer}/api`;
    routes['/api/.well-known/oauth-authorization-server'] = json({ issuer: below, jwks_uri: `${issuer}/jwks` });
    keys = new RemoteVerificationKeys([{ issuer: below }], clock);
    await expect(keys.find(below, 'k1')).resolves.toMatchObject({ kid: 'k1' });
  });

  it('RemoteVerificationKeys fetches the keys again soon if its clock was ahead and is corrected', async () => {
    clock.seconds += 172_800;
    await make().find(issuer, 'k1');
    clock.seconds -= 172_800;
    jwks = [publicJwk('k2')];
    void keys.find(issuer, 'k1');
    await settled(() => !keys.isLive(issuer, 'k1'));
    expect(keys.isLive(issuer, 'k1')).toBe(false);
    expect(keys.find(issuer, 'k2')).toMatchObject({ kid: 'k2' });
  });

  it('RemoteVerificationKeys returns a known key from memory, without a promise', async () => {
    await make().find(issuer, 'k1');
    expect(keys.find(issuer, 'k1')).toMatchObject({ kid: 'k1' });
    expect(keys.isLive(issuer, 'k1')).toBe(true);
    expect(times('/jwks')).toBe(1);
  });

  it('RemoteVerificationKeys sends one request per cool-down, however many tokens name unknown keys', async () => {
    make();
    await Promise.all(Array.from({ length: 1_000 }, async (_, at) => keys.find(issuer, `unknown-${at}`)));
    expect(requested).toEqual(['/.well-known/oauth-authorization-server', '/jwks']);
    for (let at = 0; at < 1_000; at += 1) expect(await keys.find(issuer, `later-${at}`)).toBeUndefined();
    expect(times('/jwks')).toBe(1);
    clock.seconds += 30;
    await Promise.all(Array.from({ length: 1_000 }, async (_, at) => keys.find(issuer, `again-${at}`)));
    expect(times('/jwks')).toBe(2);
  });

  it('RemoteVerificationKeys finds a new key after the cool-down', async () => {
    await make().find(issuer, 'k1');
    jwks.push(publicJwk('k2'));
    expect(await keys.find(issuer, 'k2')).toBeUndefined();
    clock.seconds += 30;
    await expect(keys.find(issuer, 'k2')).resolves.toMatchObject({ kid: 'k2' });
  });

  it('RemoteVerificationKeys uses the old set while it fetches the new one, and drops a key that is not in the new one', async () => {
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
    'RemoteVerificationKeys keeps a set with "%s" fresh for more than %i and less than %i seconds',
    async (header, fresh, stale) => {
      routes['/jwks'] = (response) => json({ keys: jwks }, { 'cache-control': header })(response);
      await make().find(issuer, 'k1');
      clock.seconds += fresh;
      keys.isLive(issuer, 'k1');
      await settled(() => times('/jwks') > 1 || requested.length > 5);
      expect(times('/jwks')).toBe(1);
      clock.seconds += stale - fresh;
      keys.isLive(issuer, 'k1');
      await settled(() => times('/jwks') > 1);
      expect(times('/jwks')).toBe(2);
    },
    10_000,
  );

  it('RemoteVerificationKeys uses the old set for a bounded time while the issuer is down', async () => {
    await make({ maximumStaleSeconds: 3_600 }).find(issuer, 'k1');
    routes['/jwks'] = (response) => response.writeHead(500).end();
    clock.seconds += 3_599;
    expect(keys.isLive(issuer, 'k1')).toBe(true);
    await settled(() => times('/jwks') > 1);
    clock.seconds += 1;
    expect(keys.isLive(issuer, 'k1')).toBe(false);
  });

  it('RemoteVerificationKeys starts while the issuer is down, and retries soon', async () => {
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

  it('RemoteVerificationKeys repeats discovery after the key set has moved, at most once per cool-down', async () => {
    await make().find(issuer, 'k1');
    jwks.push(publicJwk('k2'));
    moveTo('/moved');
    for (let time = 0; time < 2; time += 1) {
      clock.seconds += 30;
      for (const _ of [1, 2, 3]) await keys.find(issuer, 'k2');
    }
    expect(keys.find(issuer, 'k2')).toMatchObject({ kid: 'k2' });
    expect(requested).toEqual([
      '/.well-known/oauth-authorization-server',
      '/jwks',
      '/jwks',
      '/.well-known/oauth-authorization-server',
      '/moved',
    ]);
  });

  it('RemoteVerificationKeys uses the last URL of the key set while the metadata are not available', async () => {
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

  it('RemoteVerificationKeys repeats discovery once a day', async () => {
    await make().find(issuer, 'k1');
    const old = routes['/jwks']!;
    moveTo('/moved');
    routes['/jwks'] = old;
    clock.seconds += 86_400;
    await keys.find(issuer, 'k2');
    expect([times('/jwks'), times('/moved')]).toEqual([1, 1]);
  });

  it('RemoteVerificationKeys.renew fetches at most four times a second', async () => {
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

  it('RemoteVerificationKeys finds no key of another issuer, and only one that fits without a kid', async () => {
    await make().find(issuer, 'k1');
    expect(keys.find('https://other.example', 'k1')).toBeUndefined();
    expect(keys.isLive('https://other.example', 'k1')).toBe(false);
    expect(keys.find(issuer, undefined, 'ES256')).toMatchObject({ kid: 'k1' });
    expect(keys.find(issuer, undefined, 'RS256')).toBeUndefined();
  });

  it('RemoteVerificationKeys ignores keys for other purposes and different keys that share a kid and an algorithm', async () => {
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
    ['a response that is too long', () => ({ '/jwks': json(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`) })],
    ['a response that never ends', () => ({ '/jwks': (response) => void response.writeHead(200).write('{') })],
    ['a response that is not JSON', () => ({ '/jwks': json('<html>') })],
    ['a document with a repeated name', () => ({ '/jwks': json('{"keys":[],"keys":[]}') })],
    ['"keys" that is not a list', () => ({ '/jwks': json({ keys: {} }) })],
    ['an empty key set', () => ({ '/jwks': json({ keys: [] }) })],
    ['a thousand keys', () => ({ '/jwks': json({ keys: Array.from({ length: 1_000 }, () => ({})) }) })],
  ])('RemoteVerificationKeys finds no key and does not throw if it gets %s', async (_, change) => {
    Object.assign(routes, { '/elsewhere': json({ keys: jwks }), ...change(issuer) });
    expect(await make({ timeoutSeconds: 0.3 }).find(issuer, 'k1')).toBeUndefined();
    expect(times('/elsewhere')).toBe(0);
  });

  it.each(['127.0.0.1', '127.1', '0x7f.1', '2130706433', '[::ffff:127.0.0.1]', '0.0.0.0', 'localhost.', '[::1]'])(
    'RemoteVerificationKeys fetches no key from %s for an issuer on localhost unless the settings name that URL',
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

  it('RemoteVerificationKeys fetches no key from a name that resolves to this machine', async () => {
    const { port } = server.address() as AddressInfo;
    const uri = `http://localhost:${port}/jwks`;
    routes['/.well-known/oauth-authorization-server'] = json({ issuer, jwks_uri: uri });
    expect(await make().find(issuer, 'k1')).toBeUndefined();
    expect(times('/jwks')).toBe(0);
  });

  it('RemoteVerificationKeys names the whole URL if the issuer has no scheme', () => {
    make();
    for (const host of ['id.acme.com', 'id.acme.com/tenant', 'localhost:3000']) {
      expect(() => new RemoteVerificationKeys([{ issuer: host }], clock)).toThrow(
        `"${host}" is not an https URL. Write the whole URL, such as "https://${host}".`,
      );
    }
  });

  it('RemoteVerificationKeys logs the cause if the issuer is not reachable', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    server.close();
    await once(server, 'close');
    expect(await make().find(issuer, 'k1')).toBeUndefined();
    const address = issuer.replace('http://', '');
    expect(warn.mock.calls).toEqual([
      [`Failed to fetch the keys of ${issuer}, will retry: fetch failed (connect ECONNREFUSED ${address})`],
    ]);
    warn.mockRestore();
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });

  it('RemoteVerificationKeys logs the issuer to configure if the metadata name another one', async () => {
    const warn = jest.spyOn(Logger.prototype, 'warn');
    const { port } = server.address() as AddressInfo;
    const alias = `http://localhost:${port}`;
    routes['/.well-known/oauth-authorization-server'] = json({ issuer: alias, jwks_uri: `${alias}/jwks` });
    expect(await make().find(issuer, 'k1')).toBeUndefined();
    expect(String(warn.mock.calls[0]?.[0])).toMatch(
      `${issuer} calls itself "${alias}": write exactly that as "issuer"`,
    );
    warn.mockRestore();
  });

  it('RemoteVerificationKeys uses plain http only with loopback unless the settings allow it', () => {
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
    expect(of('ftp://id.example.com')).toThrow(/not an https URL/);
    expect(of('orders')).toThrow(/"orders" is not an https URL\. .* "jwks: { uri }" or "staticKeys"/);
    expect(of('urn:issuer', { uri: 'https://id.example.com/jwks' })).not.toThrow();
    expect(of('https://id.example.com', { uri: 'http://id.example.com/jwks' })).toThrow(/allowInsecure/);
    expect(of('https://user:password@id.example.com')).toThrow(/password/);
  });
});
