import { Controller, Get } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuthModule } from 'postern/auth';
import type { IssuerFetch } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { TestIssuer } from 'postern/testing/auth';
import { fetchJson } from '../../../libs/auth/src/keys/fetch-json.js';
import { until } from '../../support/until.js';

const issuer = new TestIssuer('orders', 'https://id.corp.test');
const partner = new TestIssuer('orders', 'https://partner.corp.test');

@Controller('orders')
class OrdersController {
  @Get()
  all(): string[] {
    return [];
  }
}

/** The names of corp.test do not resolve: only the gateway, which stands for a corporate proxy, reaches them. */
describe('the function "fetch" of the settings', () => {
  let gateway: Server;
  let application: INestApplication | undefined;
  let received: string[];
  let keysHost: string;
  let isMoved: boolean;

  const through: IssuerFetch = (url, options) => {
    const { port } = gateway.address() as AddressInfo;
    const headers = { ...options.headers, 'x-target': url.host };
    return fetch(`http://127.0.0.1:${port}${url.pathname}${url.search}`, { ...options, headers });
  };
  const start = async (send: IssuerFetch): Promise<void> => {
    const of = ({ settings: { audience } }: TestIssuer, name: string) => ({ issuer: name, audience });
    const testing = await Test.createTestingModule({
      imports: [
        ProblemModule.forRoot({}),
        AuthModule.forRoot({
          ...of(issuer, 'https://id.corp.test'),
          issuers: [of(partner, 'https://partner.corp.test')],
          fetch: send,
          revocations: { follow: true, token: 'feed-token', whenSilent: 'accept' },
        }),
      ],
      controllers: [OrdersController],
    }).compile();
    application = testing.createNestApplication({ logger: false });
    await application.listen(0, '127.0.0.1');
  };
  const status = async (from: TestIssuer): Promise<number> => {
    const headers = { authorization: `Bearer ${from.token({ subject: 'ada' })}` };
    return (await fetch(`${await application!.getUrl()}/orders`, { headers })).status;
  };
  const keysOf = ({ settings: { staticKeys = [] } }: TestIssuer) => ({
    keys: staticKeys.map((key) => ('jwk' in key ? key.jwk : undefined)),
  });

  beforeEach(async () => {
    [received, keysHost, isMoved] = [[], 'keys.corp.test', false];
    gateway = createServer((request, response) => {
      const target = `${request.headers['x-target'] as string}${request.url}`;
      received.push(`${target} ${request.headers.authorization ?? ''}`.trim());
      const of = target.includes('partner') ? partner : issuer;
      const name = of === partner ? 'https://partner.corp.test' : 'https://id.corp.test';
      if (isMoved && !target.includes('/moved'))
        return response.writeHead(302, { location: `/moved${request.url}` }).end();
      if (target.includes('.well-known')) {
        const uri = `https://${keysHost}/${of === partner ? 'partner' : 'own'}/jwks`;
        const metadata = { issuer: name, jwks_uri: uri, revocations_uri: `${name}/feed` };
        return response.setHeader('content-type', 'application/json').end(JSON.stringify(metadata));
      }
      if (target.endsWith('/jwks')) return response.end(JSON.stringify(keysOf(of)));
      return response.writeHead(404).end();
    });
    await once(gateway.listen(0, '127.0.0.1'), 'listening');
  });
  afterEach(async () => {
    await application?.close();
    application = undefined;
    gateway.closeAllConnections();
    gateway.close();
  });

  it('sends the requests for metadata, keys and revocations of every issuer', async () => {
    await start(through);
    expect([await status(issuer), await status(partner)]).toEqual([200, 200]);
    await until(() => received.includes('id.corp.test/feed Bearer feed-token'));
    expect(received).toContain('keys.corp.test/own/jwks');
    expect(received).toContain('keys.corp.test/partner/jwks');
    expect(
      received.filter((one) => one.includes('feed-token')).every((one) => one.startsWith('id.corp.test/feed')),
    ).toBe(true);
  });

  it('is not called for a private address that metadata name', async () => {
    keysHost = '10.0.0.1';
    await start(through);
    expect(await status(issuer)).toBe(503);
    expect(received.filter((one) => one.startsWith('10.'))).toEqual([]);
  });

  it('supplies no keys if it follows a redirect', async () => {
    isMoved = true;
    await start((url, options) => through(url, { ...options, redirect: 'follow' as 'manual' }));
    expect(await status(issuer)).toBe(503);
  });

  it('cannot exceed the timeout, although it ignores the signal', async () => {
    const signal = new AbortController().signal;
    const limits = { timeoutSeconds: 0.05, maximumBytes: 100, allowInsecure: false, signal };
    const never: IssuerFetch = () => new Promise(() => undefined);
    await expect(fetchJson(new URL('https://id.corp.test/jwks'), { ...limits, fetch: never })).rejects.toThrow(
      '(timeout)',
    );
  });

  it('stops the start if it is not a function', async () => {
    await expect(start('proxy' as unknown as IssuerFetch)).rejects.toThrow('"fetch" must be a function');
  });
});
