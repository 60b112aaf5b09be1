import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { decodeJwt } from 'jose';
import { AuthModule, Clock } from 'postern/auth';
import { OutboundModule, ServiceTokens, ServiceTokenUnavailableError } from 'postern/outbound';
import type { OutboundSettings } from 'postern/outbound';
import { ManualClock } from 'postern/testing/auth';
import { AuthorizationServer } from './authorization-server.js';

const clock = new ManualClock();
const clientSecret = 'a+secret %:of the client';
const billing = { audience: 'billing', scopes: ['charge', 'refund'] };
let server: AuthorizationServer;
let tokens: ServiceTokens;
let folder: string;
const logged: string[] = [];

async function tokensOf(settings: Partial<OutboundSettings>): Promise<ServiceTokens> {
  const module = await Test.createTestingModule({
    imports: [
      AuthModule.forRoot(server.issuer.settings),
      OutboundModule.forRoot({ services: { billing }, ...settings }),
    ],
  })
    .overrideProvider(Clock)
    .useValue(clock)
    .compile();
  return module.get(ServiceTokens);
}

beforeAll(async () => {
  server = await AuthorizationServer.start(clock);
  folder = await mkdtemp(join(tmpdir(), 'postern-outbound-'));
  for (const level of ['log', 'warn', 'error'] as const) {
    jest.spyOn(Logger.prototype, level).mockImplementation((message: unknown) => void logged.push(String(message)));
  }
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  server.failure = undefined;
  server.lifetimeSeconds = 300;
  tokens = await tokensOf({ issuer: server.url, clientId: 'or:ders', clientSecret });
  server.requests.length = 0;
});

describe('the service tokens by client credentials', () => {
  it('100 concurrent calls cause one request, with the credentials in form encoding', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, () => tokens.get(billing)));
    expect(new Set(all).size).toBe(1);
    expect(server.requests).toEqual([
      {
        authorization: `Basic ${Buffer.from('or%3Aders:a%2Bsecret+%25%3Aof+the+client').toString('base64')}`,
        form: { grant_type: 'client_credentials', scope: 'charge refund', audience: 'billing' },
      },
    ]);
    await tokens.get({ ...billing, scopes: ['refund', 'charge'] });
    expect(server.requests).toHaveLength(1);
    await tokens.get({ audience: 'https://stock.acme.com', scopes: [] });
    expect(server.requests[1]!.form).toEqual({ grant_type: 'client_credentials', resource: 'https://stock.acme.com' });
  });

  it('a token is renewed in the background before it expires, and by a waiting caller after that', async () => {
    const first = await tokens.get(billing);
    clock.advance(300 * 0.74);
    expect(await tokens.get(billing)).toBe(first);
    expect(server.requests).toHaveLength(1);
    clock.advance(300 * 0.12);
    expect(await tokens.get(billing)).toBe(first);
    const second = await tokens.get({ ...billing, rejected: first });
    expect(second).not.toBe(first);
    expect(server.requests).toHaveLength(2);
    clock.advance(3600);
    expect([first, second]).not.toContain(await tokens.get(billing));
    expect(server.requests).toHaveLength(3);
  });

  it('the old token is used while a renewal fails, until it expires', async () => {
    const first = await tokens.get(billing);
    server.failure = { status: 500 };
    clock.advance(270);
    expect(await tokens.get(billing)).toBe(first);
    expect(await tokens.get(billing)).toBe(first);
    clock.advance(31);
    await expect(tokens.get(billing)).rejects.toBeInstanceOf(ServiceTokenUnavailableError);
    server.failure = undefined;
    clock.advance(90);
    expect(await tokens.get(billing)).not.toBe(first);
  });

  it('after a failure, no request is sent before the back-off and Retry-After have passed', async () => {
    server.failure = { status: 503, headers: { 'Retry-After': '40' } };
    await expect(tokens.get(billing)).rejects.toMatchObject({
      code: 'service-token-unavailable',
      status: 503,
      headers: { 'Retry-After': '40' },
    });
    clock.advance(39);
    await expect(tokens.get(billing)).rejects.toMatchObject({ headers: { 'Retry-After': '1' } });
    expect(server.requests).toHaveLength(1);
    server.failure = { status: 503 };
    for (const [seconds, requests] of [
      [1.1, 2],
      [0.9, 2], // the second failure waits for at least 1 s
      [2.2, 3],
    ] as const) {
      clock.advance(seconds);
      await expect(tokens.get(billing)).rejects.toBeInstanceOf(ServiceTokenUnavailableError);
      expect(server.requests).toHaveLength(requests);
    }
  });

  it('a rejected token is renewed by one request, and not again while the new one is young', async () => {
    const first = await tokens.get(billing);
    clock.advance(10);
    const renewed = await Promise.all(Array.from({ length: 10 }, () => tokens.get({ ...billing, rejected: first })));
    expect(new Set(renewed).size).toBe(1);
    expect(renewed[0]).not.toBe(first);
    expect(await tokens.get({ ...billing, rejected: renewed[0] })).toBe(renewed[0]);
    expect(server.requests).toHaveLength(2);
  });

  it('neither the error nor the log contains a secret or a token, whatever the issuer answers', async () => {
    logged.length = 0;
    const first = await tokens.get(billing);
    const description = `the secret ${clientSecret} is wrong`;
    server.failure = { status: 401, body: JSON.stringify({ error: 'invalid_client', error_description: description }) };
    clock.advance(3600);
    const error: unknown = await tokens.get(billing).catch((thrown: unknown) => thrown);
    const text = inspect(error, { depth: 9, showHidden: true }) + logged.join('\n');
    expect(text).toContain('the token endpoint answered 401 (invalid_client)');
    expect(logged.join()).toContain('Failed to obtain the service token for billing, will retry');
    for (const secret of [clientSecret, encodeURIComponent(clientSecret), first, first.split('.')[2]!]) {
      expect(text).not.toContain(secret);
    }
  });

  it.each<[string, object]>([
    ['no token', {}],
    ['a token with a line break', { access_token: 'a\r\nx-role: admin', token_type: 'Bearer' }],
    ['a token of another type', { access_token: 'a', token_type: 'DPoP' }],
    ['an expired token', { access_token: 'a', token_type: 'Bearer', expires_in: 0 }],
    ['no object', []],
  ])('an answer with %s is not used', async (_, body) => {
    server.failure = { status: 200, body: JSON.stringify(body) };
    await expect(tokens.get(billing)).rejects.toMatchObject({ code: 'service-token-unavailable' });
  });

  it.each<[Partial<OutboundSettings>, string]>([
    [{ clientSecret: undefined }, 'needs "clientId" with either "clientSecret" or "clientKey"'],
    [{ clientKey: { secret: 'x'.repeat(40) }, clientSecret: undefined }, '"clientKey" must be a private key'],
    [{ issuer: undefined }, 'needs "issuer", or "tokenFile"'],
    [{ issuer: 'http://id.acme.com' }, '"issuer" is not https'],
    [{ services: { billing: { audience: '' } } }, '"services.billing" needs "audience"'],
    [{ services: { billing: { ...billing, origins: ['https://a.com/path'] } } }, 'is not an origin'],
    [{ services: { billing: { ...billing, origins: ['http://a.com'] } } }, 'http://a.com is not https'],
    [{ clientID: 'x' } as object, 'Did you mean "clientId"?'],
    [
      {
        services: {
          a: { audience: 'a', origins: ['https://a.com'] },
          b: { audience: 'b', origins: ['https://a.com'] },
        },
      },
      'both have the origin https://a.com',
    ],
  ])('the settings %j stop the start with a sentence', async (settings, sentence) => {
    const complete = { issuer: server.url, clientId: 'orders', clientSecret, ...settings };
    await expect(tokensOf(complete)).rejects.toThrow(sentence);
  });
});

describe('the service token of a file', () => {
  it('a new token of the file is used within a second, and the old one while the file has none', async () => {
    const path = join(folder, 'token');
    const write = async (text: string): Promise<void> => {
      await writeFile(`${path}.new`, text);
      await rename(`${path}.new`, path);
    };
    const tokenOf = (subject: string): string =>
      server.issuer.token({ subject, claims: { aud: ['billing', 'stock'] } });
    const [first, second] = [tokenOf('orders'), tokenOf('orders')];
    tokens = await tokensOf({ tokenFile: path });
    await expect(tokens.get(billing)).rejects.toMatchObject({ code: 'service-token-unavailable' });
    await write(`${first}\n`);
    clock.advance(2);
    expect(await tokens.get(billing)).toBe(first);
    await expect(tokens.get({ audience: 'ledger', scopes: [] })).rejects.toMatchObject({
      cause: expect.objectContaining({ message: expect.stringContaining('is for billing, stock, and not for ledger') }),
    });
    await write(second);
    clock.advance(1);
    expect(await tokens.get(billing)).toBe(second);
    await write('');
    clock.advance(1);
    expect(await tokens.get(billing)).toBe(second);
    clock.set(new Date(decodeJwt(second).exp! * 1000));
    await expect(tokens.get(billing)).rejects.toMatchObject({ code: 'service-token-unavailable' });
    clock.set(new Date());
  });
});
