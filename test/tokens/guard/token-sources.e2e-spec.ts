import { Controller, Get, Post, Query, Req, Sse, UseGuards } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { AuthGuard } from '@nestjs/passport';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { IsOptional, IsString } from 'class-validator';
import { request as send } from 'node:http';
import { of } from 'rxjs';
import { AuthModule, CurrentPrincipal, OptionalAuth, Public } from 'postern/auth';
import type { AuthSettings, Principal } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { TestIssuer } from 'postern/testing/auth';
import { documentOf } from '../../../libs/postern/src/openapi-document.js';

const issuer = new TestIssuer('orders');
const ada = issuer.token({ subject: 'ada' });
const eve = issuer.token({ subject: 'eve' });

const SOURCES: AuthSettings['tokenSources'] = [
  'authorization',
  { cookie: '__Host-access', origins: ['https://app.example.com'] },
  { header: 'X-Forwarded-Access-Token' },
  { query: 'access_token' },
];

class FilterDto {
  @IsOptional()
  @IsString()
  term?: string;
}

interface UrlRequest {
  readonly url: string;
  readonly originalUrl: string;
  readonly raw?: { readonly url: string };
}

@Controller('orders')
class OrdersController {
  @Get()
  find(@CurrentPrincipal() { subject }: Principal, @Query() filter: FilterDto, @Req() request: UrlRequest): unknown {
    return { subject, filter: { term: filter.term }, urls: [request.url, request.originalUrl, request.raw?.url ?? ''] };
  }

  @Post()
  add(@CurrentPrincipal() { subject }: Principal): unknown {
    return { subject };
  }

  @Sse('live')
  live(@CurrentPrincipal() { subject }: Principal): unknown {
    return of({ data: subject });
  }

  @OptionalAuth()
  @Post('optional')
  optional(@CurrentPrincipal() principal?: Principal): unknown {
    return { subject: principal?.subject ?? null };
  }

  @Public()
  @UseGuards(AuthGuard('postern-jwt'))
  @Post('passport')
  passport(): unknown {
    return { subject: 'ada' };
  }
}

const adapters = { Fastify: () => new FastifyAdapter(), Express: () => new ExpressAdapter() } as const;

describe.each(Object.keys(adapters) as (keyof typeof adapters)[])('the places of a token on %s', (adapter) => {
  let application: INestApplication;

  const start = async (tokenSources: AuthSettings['tokenSources']): Promise<INestApplication> => {
    const testing = await Test.createTestingModule({
      imports: [ProblemModule.forRoot({}), AuthModule.forRoot({ ...issuer.settings, tokenSources })],
      controllers: [OrdersController],
    }).compile();
    const app = testing.createNestApplication<NestExpressApplication>(adapters[adapter](), { logger: false });
    await app.listen(0, '127.0.0.1');
    return app;
  };

  interface Answer {
    readonly status: number;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly text: string;
    readonly subject: unknown;
  }
  // Not fetch, which does not send Host, Origin and Sec-Fetch-Site of the caller.
  const call = async (
    method: string,
    path: string,
    headers: Record<string, string | string[]> = {},
    app = application,
  ): Promise<Answer> => {
    const url = new URL(path, await app.getUrl());
    return new Promise((resolve, reject) => {
      const outgoing = send(url, { method, headers: { host: 'api.example.com', ...headers } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const isJson = /json/.test(response.headers['content-type'] ?? '');
          const { subject } = (isJson ? JSON.parse(text) : {}) as { subject?: unknown };
          resolve({ status: response.statusCode!, headers: response.headers, text, subject });
        });
      });
      outgoing.on('error', reject);
      outgoing.end();
    });
  };

  beforeAll(async () => {
    application = await start(SOURCES);
  });
  afterAll(() => application?.close());

  const cookie = (token: string) => ({ cookie: `theme=dark; __Host-access=${token}; __Host-accessory=x` });

  it.each([
    ['the Authorization header', '/orders', { authorization: `Bearer ${ada}` }],
    ['a cookie', '/orders', cookie(ada)],
    ['a quoted cookie', '/orders', { cookie: `__Host-access="${ada}"` }],
    ['another header', '/orders', { 'x-forwarded-access-token': ada }],
    ['another header with the scheme', '/orders', { 'x-forwarded-access-token': `Bearer ${ada}` }],
    ['the query', `/orders?access_token=${ada}`, {}],
    ['two places with the same token', '/orders', { ...cookie(ada), authorization: `Bearer ${ada}` }],
    ['a cookie beside another authentication scheme', '/orders', { ...cookie(ada), authorization: 'Basic YTpi' }],
  ] as [string, string, Record<string, string>][])(
    'the guard reads the token from %s',
    async (_place, path, headers) => {
      expect(await call('GET', path, headers)).toMatchObject({ status: 200, subject: 'ada' });
    },
  );

  it.each([
    ['different tokens in two places', '/orders', { ...cookie(ada), authorization: `Bearer ${eve}` }],
    ['different tokens in header and query', `/orders?access_token=${eve}`, { 'x-forwarded-access-token': ada }],
    ['a valid and an invalid token', '/orders', { ...cookie('x'), authorization: `Bearer ${ada}` }],
    ['the cookie twice', '/orders', { cookie: `__Host-access=${ada}; __Host-access=${ada}` }],
    ['the other header twice', '/orders', { 'x-forwarded-access-token': [ada, ada] }],
    ['the parameter twice', `/orders?access_token=${ada}&access_token=${ada}`, {}],
    ['the parameter twice in two spellings', `/orders?access_token=${ada}&access%5Ftoken=${eve}`, {}],
    ['an empty parameter', '/orders?access_token=', { authorization: `Bearer ${ada}` }],
    ['an invalid cookie', '/orders', cookie('x')],
    ['more header lines than Node reads', '/orders', { ...cookie(ada), ...manyHeaders() }],
  ] as [string, string, Record<string, string>][])('the guard rejects %s', async (_kind, path, headers) => {
    expect((await call('GET', path, headers)).status).toBe(401);
  });

  it('a request without a token is rejected with a challenge that has no error', async () => {
    for (const headers of [{}, { cookie: 'theme=dark' }, { cookie: '__Host-access=' }, { 'x-access-token': ada }]) {
      const answer = await call('GET', '/orders', headers as Record<string, string>);
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
    }
    expect((await call('POST', `/orders?access_token=${ada}`)).status).toBe(401);
  });

  it.each([
    ['a page of the same origin', { 'sec-fetch-site': 'same-origin', origin: 'https://api.example.com' }, 201],
    ['a listed page', { 'sec-fetch-site': 'same-site', origin: 'https://app.example.com' }, 201],
    ['a page of the same origin over http', { origin: 'http://api.example.com' }, 201],
    ['a page of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 403],
    ['a page of a sibling domain', { 'sec-fetch-site': 'same-site', origin: 'https://blog.example.com' }, 403],
    ['the browser itself', { 'sec-fetch-site': 'none' }, 403],
    ['a page with a forged port', { origin: 'https://api.example.com:8443' }, 403],
    ['a page without an origin', { origin: 'null' }, 403],
    ['a client without these headers', {}, 403],
  ] as [string, Record<string, string>, number][])(
    'a cookie authenticates a POST from %s: %s',
    async (_page, headers, status) => {
      for (const path of ['/orders', '/orders/optional', '/orders/passport']) {
        const answer = await call('POST', path, { ...cookie(ada), ...headers });
        expect([path, answer.status, answer.subject]).toEqual([path, status, status === 201 ? 'ada' : undefined]);
        if (status === 403) expect(JSON.parse(answer.text)).toMatchObject({ code: 'cross-site-request' });
      }
      expect((await call('POST', '/orders', { ...headers, authorization: `Bearer ${ada}` })).status).toBe(201);
      expect((await call('POST', '/orders/optional', headers)).subject).toBeNull();
    },
  );

  it('the handler sees no token in the query, and no cache stores the response', async () => {
    const answer = await call('GET', `/orders?term=a%20b&access_token=${ada}`);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ filter: { term: 'a b' } });
    expect(answer.text).not.toContain(ada.slice(-20));
    expect(answer.text).toContain('/orders?term=a%20b');
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    expect((await call('GET', `/orders/live?access_token=${ada}`)).text).toContain('data: ada');
    const rejected = await call('GET', `/orders?access_token=${ada.slice(0, -9)}AAAAAAAAA&unknown=1`);
    expect(rejected.status).toBe(401);
    expect(rejected.text + JSON.stringify(rejected.headers)).not.toContain(ada.slice(0, 40));
  });

  it('the Authorization header is the only place by default', async () => {
    const app = await start(undefined);
    try {
      for (const [path, headers] of [
        ['/orders', cookie(ada)],
        ['/orders', { 'x-forwarded-access-token': ada }],
        [`/orders?access_token=${ada}`, {}],
      ] as [string, Record<string, string>][]) {
        expect((await call('GET', path, headers, app)).status).toBe(401);
      }
    } finally {
      await app.close();
    }
  });

  it('the OpenAPI document shows each place, and that a token is optional', () => {
    const document = documentOf(application);
    expect(document.components?.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      cookie: { type: 'apiKey', in: 'cookie', name: '__Host-access' },
      header: { type: 'apiKey', in: 'header', name: 'X-Forwarded-Access-Token' },
      query: { type: 'apiKey', in: 'query', name: 'access_token' },
    });
    const places = [{ bearer: [] }, { cookie: [] }, { header: [] }, { query: [] }];
    expect(document.paths['/orders']?.post?.security).toEqual(places);
    expect(document.paths['/orders/optional']?.post?.security).toEqual([{}, ...places]);
  });
});

function manyHeaders(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`x-${at}`, '1']));
}

it.each([
  [[], 'a list with at least one source'],
  ['authorization', 'a list with at least one source'],
  [[{ cookie: 'a b' }], "must be 'authorization', { cookie"],
  [[{ header: 'Authorization' }], "must be 'authorization', { cookie"],
  [[{ header: 'Cookie' }], "must be 'authorization', { cookie"],
  [[{ cookie: 'a', query: 'b' }], "must be 'authorization', { cookie"],
  [[{ body: 'access_token' }], 'knows no setting "body"'],
  [[{ header: 'x', origins: [] }], '"origins" belongs to a cookie'],
  [[{ cookie: 'a', origins: ['https://a.example/'] }], '"origins" belongs to a cookie'],
  [[{ query: 'a' }, { query: 'a' }], 'names a source twice'],
])('the token sources %j stop the start', async (tokenSources, message) => {
  const settings = { ...issuer.settings, tokenSources: tokenSources as unknown as [] };
  await expect(Test.createTestingModule({ imports: [AuthModule.forRoot(settings)] }).compile()).rejects.toThrow(
    message,
  );
});
