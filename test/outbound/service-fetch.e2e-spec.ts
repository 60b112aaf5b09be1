import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { HttpModule, HttpService } from '@nestjs/axios';
import { Test } from '@nestjs/testing';
import type { AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { lastValueFrom } from 'rxjs';
import { AuthModule, Clock } from 'postern/auth';
import { HttpTokens, OutboundModule, ServiceFetch } from 'postern/outbound';
import { ManualClock } from 'postern/testing/auth';
import { AuthorizationServer } from './authorization-server.js';

/** A request as a service has received it. */
interface Received {
  readonly host: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A service that records requests, redirects, and rejects tokens. */
class RecordingService {
  readonly received: Received[] = [];
  readonly rejected = new Set<string>();

  constructor(readonly server: Server) {}

  static async start(address: string, port = 0): Promise<RecordingService> {
    const server = createServer().listen(port, address);
    await once(server, 'listening');
    const service = new RecordingService(server);
    server.on('request', (request, response) => void service.answer(request, response));
    return service;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host, authorization = '' } = request.headers;
    const body = (await request.toArray()).join('');
    this.received.push({ host, headers: request.headers, body });
    const location = new URL(request.url!, `http://${host}`).searchParams.get('to');
    const status = this.rejected.has(authorization) ? 401 : location === null ? 200 : 307;
    response.writeHead(status, location === null ? {} : { location }).end(`${status}`);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get tokens(): (string | undefined)[] {
    return this.received.map(({ headers }) => headers.authorization);
  }
}

const clock = new ManualClock();
let issuer: AuthorizationServer;
let orders: RecordingService;
let elsewhere: RecordingService;
let services: ServiceFetch;
let http: HttpService;
/** A name for `orders`, and one for `elsewhere` that is a subdomain of it, both on one port. */
let url: string;
let subdomain: string;

beforeAll(async () => {
  issuer = await AuthorizationServer.start(clock);
  orders = await RecordingService.start('127.0.0.1');
  elsewhere = await RecordingService.start('127.0.0.2', orders.port);
  url = `http://127.0.0.1:${orders.port}`;
  const named = `http://localhost:${orders.port}`;
  subdomain = `http://else.localhost:${orders.port}`;
  const module = await Test.createTestingModule({
    imports: [
      AuthModule.forRoot(issuer.issuer.settings),
      HttpModule.register({
        lookup: (host: string, _: object, done: (error: null, address: string, family: number) => void) =>
          done(null, host === 'localhost' ? '127.0.0.1' : '127.0.0.2', 4),
      } as object),
      OutboundModule.forRoot({
        issuer: issuer.url,
        clientId: 'gateway',
        clientSecret: 'secret',
        services: { orders: { audience: 'orders', origins: [url, named] } },
      }),
    ],
  })
    .overrideProvider(Clock)
    .useValue(clock)
    .compile();
  services = module.get(ServiceFetch);
  http = module.get(HttpService);
  module.get(HttpTokens).addTo(http.axiosRef);
});
afterAll(async () => {
  for (const { server } of [orders, elsewhere]) {
    server.closeAllConnections();
    server.close();
  }
  await issuer.stop();
});
beforeEach(() => {
  for (const service of [orders, elsewhere]) {
    service.received.length = 0;
    service.rejected.clear();
  }
  clock.advance(60);
});

/** The current token of the service, as the header has it. */
async function currentToken(): Promise<string> {
  await services.fetch(url);
  const [token] = orders.tokens;
  orders.received.length = 0;
  return token!;
}

const bearer = /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/;

describe('ServiceFetch', () => {
  it('a request to a service has its token instead of another one, and follows a redirect of the same origin with it', async () => {
    const headers = { authorization: 'Bearer of-the-user', 'x-trace': '1' };
    const response = await services.fetch(`${url}/?to=/next`, { headers });
    expect([response.status, response.url]).toEqual([200, `${url}/next`]);
    expect(orders.tokens).toEqual([expect.stringMatching(bearer), expect.stringMatching(bearer)]);
    expect(orders.received[0]!.headers['x-trace']).toBe('1');
  });

  it('a redirect to another origin is followed without the token, and its 401 causes no second request', async () => {
    const other = `http://127.0.0.2:${elsewhere.port}`;
    elsewhere.rejected.add('');
    const response = await services.fetch(`${url}/?to=${other}`);
    expect(response.status).toBe(401);
    expect(orders.tokens).toEqual([expect.stringMatching(bearer)]);
    expect(elsewhere.tokens).toEqual([undefined]);
  });

  it('a URL on another origin is rejected before anything is sent', async () => {
    await expect(services.fetch(`http://127.0.0.2:${elsewhere.port}`)).rejects.toMatchObject({
      code: 'origin-not-allowed',
      message: expect.stringContaining(`http://127.0.0.2:${elsewhere.port} is not one of them`),
    });
    expect(elsewhere.received).toEqual([]);
  });

  it('after 401, a request is sent once more with a new token, unless its body is a stream', async () => {
    const token = await currentToken();
    clock.advance(60);
    orders.rejected.add(token);
    expect((await services.fetch(url, { method: 'POST', body: 'one anvil' })).status).toBe(200);
    expect(orders.received.map(({ body }) => body)).toEqual(['one anvil', 'one anvil']);
    expect(new Set(orders.tokens).size).toBe(2);

    clock.advance(60);
    orders.received.length = 0;
    orders.rejected.add(orders.tokens[1]!);
    orders.rejected.add(await currentToken());
    const body = Readable.toWeb(Readable.from(['one anvil'])) as ReadableStream;
    expect((await services.fetch(url, { method: 'POST', body, duplex: 'half' })).status).toBe(401);
    expect(orders.received).toHaveLength(1);
  });

  it('a service that rejects every token gets its 401 to the caller, also while the issuer is down', async () => {
    issuer.failure = { status: 500 };
    orders.rejected.add(await currentToken());
    clock.advance(60);
    expect((await services.fetch(url)).status).toBe(401);
    expect(orders.received).toHaveLength(1);
    issuer.failure = undefined;
    clock.advance(10);
  });
});

describe('HttpService with HttpTokens', () => {
  const get = (address: string): Promise<unknown> => lastValueFrom(http.get(address)).then(({ status }) => status);

  it('a request to a service has its token, and a request to another origin has none', async () => {
    expect(await get(url)).toBe(200);
    expect(await get(subdomain)).toBe(200);
    expect(orders.tokens).toEqual([expect.stringMatching(bearer)]);
    expect(elsewhere.tokens).toEqual([undefined]);
  });

  it('a redirect to a subdomain, or to another port, is followed without the token', async () => {
    expect(await get(`http://localhost:${orders.port}/?to=${subdomain}`)).toBe(200);
    expect(await get(`http://localhost:${orders.port}/?to=http://localhost:${orders.port}/next`)).toBe(200);
    expect(orders.tokens).toEqual(Array(3).fill(expect.stringMatching(bearer)));
    expect(elsewhere.tokens).toEqual([undefined]);
  });

  it('a redirect of a version of axios that keeps the header for a subdomain is followed without it, too', async () => {
    const adapter = async (config: InternalAxiosRequestConfig): Promise<AxiosResponse> => {
      const redirects = [url, subdomain].map((href) => ({ href, headers: { Authorization: 'x', accept: 'y' } }));
      for (const redirect of redirects)
        config.beforeRedirect?.(redirect, { headers: {}, statusCode: 307 }, {} as never);
      return { status: 200, statusText: '', headers: {}, config, data: redirects.map(({ headers }) => headers) };
    };
    const { data } = await lastValueFrom(http.get<unknown>(url, { adapter }));
    expect(data).toEqual([{ Authorization: 'x', accept: 'y' }, { accept: 'y' }]);
  });

  it('after 401, a request is sent once more with a new token', async () => {
    const token = await currentToken();
    clock.advance(60);
    orders.rejected.add(token);
    const { status } = await lastValueFrom(http.post(url, { anvils: 1 }));
    expect(status).toBe(200);
    expect(orders.received.map(({ body }) => body)).toEqual(['{"anvils":1}', '{"anvils":1}']);
    expect(new Set(orders.tokens).size).toBe(2);
  });
});
