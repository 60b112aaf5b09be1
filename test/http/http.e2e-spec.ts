import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Body,
  Catch,
  Controller,
  Delete,
  Get,
  Header,
  Ip,
  Module,
  Param,
  Post,
  Query,
  Req,
  SetMetadata,
} from '@nestjs/common';
import type { ArgumentsHost, CanActivate, ExceptionFilter, ExecutionContext, INestApplication } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core';
import { Type } from 'class-transformer';
import { IsArray, IsEmail, IsOptional, IsString, ValidateNested } from 'class-validator';
import { AuthError, ProblemModule, ServiceUnavailableError } from 'postern/problem';
import { createHttpAdapter, hardenHttp } from '../../libs/postern/src/http/index.js';
import type { HttpSettings } from '../../libs/postern/src/http/index.js';

class AddressDto {
  @IsString()
  street!: string;
}

class PersonDto {
  @IsEmail()
  email!: string;

  @IsOptional()
  @IsString()
  name?: string;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => AddressDto)
  addresses?: AddressDto[];
}

class FilterDto {
  @IsOptional()
  @IsString()
  term?: string;
}

class ClosedError extends AuthError {
  readonly code = 'closed';
  readonly status = 401;
  readonly title = 'The door is closed.';
}

const Open = () => SetMetadata('open', true);

class DoorGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    if (Reflect.getMetadata('open', context.getHandler()) === true) return true;
    throw new ClosedError();
  }
}

const served: string[] = [];

@Controller('users')
class UsersController {
  @Get('me')
  me() {
    served.push('me');
    return { secret: true };
  }

  @Get(':id/name')
  @Open()
  name(@Param('id') id: string) {
    return { id };
  }

  @Post()
  @Open()
  create(@Body() person: PersonDto) {
    return { email: person.email, polluted: ({} as { polluted?: boolean }).polluted ?? false };
  }

  @Delete(':id')
  @Open()
  remove() {
    return {};
  }
}

@Controller()
class OddsController {
  @Get('search')
  @Open()
  search(@Query() filter: FilterDto) {
    return filter;
  }

  @Get('keys')
  @Open()
  @Header('Cache-Control', 'public, max-age=300')
  keys() {
    return { keys: [] };
  }

  @Get('languages')
  @Open()
  @Header('Vary', 'Accept-Language')
  languages() {
    return ['en'];
  }

  @Get('docs')
  @Open()
  docs() {
    return 'page';
  }

  @Get('address')
  @Open()
  address(@Ip() ip: string) {
    return { ip };
  }

  @Get('boom')
  @Open()
  boom() {
    throw new Error('the password of the database is hunter2');
  }

  @Get('long')
  @Open()
  long(): string {
    return 'x'.repeat(30_000_000);
  }

  @Get('busy')
  @Open()
  busy() {
    throw new ServiceUnavailableError();
  }
}

@Module({
  imports: [ProblemModule.forRoot({})],
  controllers: [UsersController, OddsController],
  providers: [{ provide: APP_GUARD, useClass: DoorGuard }],
})
class AppModule {}

interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
  body: Record<string, unknown>;
}

/** Sends exactly these bytes and reads one answer: fetch would normalize paths and headers. */
function send(port: number, head: string, body: Uint8Array | string = '', waitSeconds = 5): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    const chunks: Buffer[] = [];
    socket.setTimeout(waitSeconds * 1000, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', (error) => (chunks.length > 0 ? undefined : reject(error)));
    socket.on('close', () => {
      const [top = '', ...rest] = Buffer.concat(chunks).toString('utf8').split('\r\n\r\n');
      const [statusLine = '', ...lines] = top.split('\r\n');
      const headers = Object.fromEntries(
        lines.map((line) => [line.split(':')[0]!.toLowerCase(), line.replace(/^[^:]*: ?/, '')]),
      );
      let text = rest.join('\r\n\r\n');
      if (headers['transfer-encoding'] === 'chunked') text = text.replace(/^[0-9a-f]+\r\n|\r\n0(\r\n)*$/g, '');
      let parsed: Record<string, unknown> = {};
      try {
        parsed = JSON.parse(text) as Record<string, unknown>;
      } catch {
        parsed = {};
      }
      resolve({ status: Number(statusLine.split(' ')[1]), headers, text, body: parsed });
    });
    socket.write(head);
    if (body.length > 0) socket.write(body);
  });
}

describe.each(['fastify', 'express'] as const)('the HTTP surface on %s', (kind) => {
  const apps: INestApplication[] = [];
  let port: number;

  async function start(settings: HttpSettings = {}): Promise<number> {
    const app = await NestFactory.create(AppModule, await createHttpAdapter(kind, settings), { logger: false });
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    return (app.getHttpServer().address() as AddressInfo).port;
  }

  const request = (method: string, target: string, lines: string[] = [], at = port) =>
    send(at, [`${method} ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines, '', ''].join('\r\n'));

  const post = (body: Uint8Array | string, type: string | undefined = 'application/json', lines: string[] = []) =>
    send(
      port,
      [
        'POST /users HTTP/1.1',
        'Host: x',
        'Connection: close',
        ...(type === undefined ? [] : [`Content-Type: ${type}`]),
        `Content-Length: ${Buffer.byteLength(body)}`,
        ...lines,
        '',
        '',
      ].join('\r\n'),
      body,
    );

  const expectProblem = (answer: Answer, status: number, code: string) => {
    expect({ status: answer.status, code: answer.body['code'] }).toEqual({ status, code });
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json\b/);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body['status']).toBe(status);
    expect(answer.body['type']).toBe('about:blank');
    expect(answer.body['instance']).toBe(`urn:request:${answer.headers['x-request-id']}`);
  };

  beforeAll(async () => {
    port = await start();
  });

  afterAll(async () => {
    for (const app of apps) await app.close();
  });

  describe('problems', () => {
    it('an unknown URL is answered with a problem that does not repeat the URL', async () => {
      const answer = await request('GET', '/no/such/thing?token=abc');
      expectProblem(answer, 404, 'not-found');
      expect(answer.text).not.toContain('such');
    });

    it('an unsupported method is answered with the problem of an unknown URL', async () => {
      expectProblem(await request('PUT', '/keys'), 404, 'not-found');
      expectProblem(await request('OPTIONS', '/keys'), 404, 'not-found');
    });

    it('a 5xx answer does not reveal the cause', async () => {
      const answer = await request('GET', '/boom');
      expectProblem(answer, 500, 'internal-error');
      expect(answer.text).not.toMatch(/hunter2|password|\.ts/);
    });

    it('the answer to HEAD has the headers of GET and no body', async () => {
      const answer = await request('HEAD', '/users/me');
      expect(answer.status).toBe(401);
      expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(answer.text).toBe('');
      expect((await request('HEAD', '/nothing')).status).toBe(404);
      expect((await request('HEAD', '/keys')).status).toBe(200);
    });

    it('a rejection that is temporary carries Retry-After', async () => {
      const answer = await request('GET', '/busy');
      expectProblem(answer, 503, 'service-unavailable');
      expect(answer.headers['retry-after']).toBe('1');
    });
  });

  describe('bodies', () => {
    it('JSON is read with and without a charset and a byte order mark', async () => {
      expect((await post('{"email":"a@example.com"}')).status).toBe(201);
      expect((await post('{"email":"a@example.com"}', 'application/json; charset=UTF-8')).status).toBe(201);
      expect((await post('\uFEFF{"email":"a@example.com"}')).status).toBe(201);
    });

    it.each([
      ['without a content type', undefined],
      ['text', 'text/plain'],
      ['with a form', 'application/x-www-form-urlencoded'],
      ['with another JSON content type', 'application/problem+json'],
      ['with another charset', 'application/json; charset=utf-16'],
      ['with an empty content type', ''],
      ['with two content types', 'application/json, text/plain'],
    ])('a body is rejected: %s', async (_name, type) => {
      // An explicit undefined would fall back to the default of the parameter.
      const body = '{"email":"a@example.com"}';
      const lines = type === undefined ? [] : [`Content-Type: ${type}`];
      const head = ['POST /users HTTP/1.1', 'Host: x', 'Connection: close', ...lines, `Content-Length: ${body.length}`];
      expectProblem(await send(port, `${head.join('\r\n')}\r\n\r\n`, body), 415, 'unsupported-media-type');
    });

    it('a compressed body is rejected', async () => {
      expectProblem(await post('x', 'application/json', ['Content-Encoding: gzip']), 415, 'unsupported-media-type');
    });

    it('a request without a body needs no content type', async () => {
      expect((await request('DELETE', '/users/1')).status).toBe(200);
      expectProblem(await request('POST', '/users'), 400, 'validation-failed');
    });

    it.each([
      ['JSON', ['Content-Type: application/json']],
      ['JSON of length 0', ['Content-Type: application/json; charset=utf-8', 'Content-Length: 0']],
      ['JSON in no chunks', ['Content-Type: application/json', 'Transfer-Encoding: chunked']],
      ['a form of length 0', ['Content-Type: application/x-www-form-urlencoded', 'Content-Length: 0']],
    ])('an empty body counts as no body if the content type is %s', async (_name, lines) => {
      const end = lines.some((line) => line.includes('chunked')) ? '0\r\n\r\n' : '';
      const call = (target: string) =>
        send(port, [`${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines, '', end].join('\r\n'));
      expect((await call('DELETE /users/1')).status).toBe(200);
      expectProblem(await call('POST /users'), 400, 'validation-failed');
    });

    it('a body that is not JSON is rejected without quoting the body', async () => {
      const answer = await post('{"email":"a@example.com","password":hunter2}');
      expectProblem(answer, 400, 'malformed-request');
      expect(answer.body['detail']).toBe('The body is not valid JSON.');
      expect(answer.text).not.toMatch(/hunter|example/);
    });

    it('bytes that are not UTF-8 are rejected', async () => {
      const body = Buffer.concat([
        Buffer.from('{"email":"a@example.com","name":"'),
        Buffer.from([0xff]),
        Buffer.from('"}'),
      ]);
      expectProblem(await post(body), 400, 'malformed-request');
    });

    it.each([
      '{"email":"a@example.com","__proto__":{"polluted":true}}',
      '{"\\u005f_proto__":{"polluted":true}}',
      '{"constructor":{"prototype":{"polluted":true}}}',
    ])('a key that could replace a prototype is rejected: %s', async (body) => {
      expectProblem(await post(body), 400, 'malformed-request');
    });

    it('a body above the limit is rejected with and without a Content-Length', async () => {
      const head = 'POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n';
      expectProblem(await send(port, `${head}Content-Length: 102401\r\n\r\n`), 413, 'payload-too-large');
      const chunk = `${(102_401).toString(16)}\r\n${' '.repeat(102_401)}\r\n`;
      expectProblem(await send(port, `${head}Transfer-Encoding: chunked\r\n\r\n`, chunk), 413, 'payload-too-large');
    });

    it('a validation problem names each wrong field by its pointer', async () => {
      const answer = await post('{"email":"x","role":"admin","addresses":[{"street":"a"},{"street":1,"a/b":2}]}');
      expectProblem(answer, 400, 'validation-failed');
      expect(answer.body['errors']).toEqual(
        expect.arrayContaining([
          { pointer: '/role', detail: 'is not a known field' },
          { pointer: '/email', detail: 'email must be an email' },
          { pointer: '/addresses/1/street', detail: 'street must be a string' },
          { pointer: '/addresses/1/a~1b', detail: 'is not a known field' },
        ]),
      );
    });

    it.each([
      ['NUL', '{"email":"a@example.com","addresses":[{"street":"a\\u0000"}]}', '/addresses/0/street'],
      ['with an unpaired surrogate', '{"email":"a@example.com","name":"\\ud800"}', '/name'],
      ['with an array instead of the object', '[]', ''],
      ['with unlimited nesting', `{"name":${'['.repeat(40_000)}${']'.repeat(40_000)}}`, ''],
    ])('a body is rejected with a pointer: %s', async (_name, body, pointer) => {
      const answer = await post(body);
      expectProblem(answer, 400, 'validation-failed');
      expect(answer.body['errors']).toEqual([{ pointer, detail: expect.any(String) }]);
    });
  });

  describe('URLs', () => {
    it('NUL in a path parameter or in the query is rejected with a pointer', async () => {
      const path = await request('GET', '/users/a%00b/name');
      expectProblem(path, 400, 'validation-failed');
      expect(path.body['errors']).toEqual([{ pointer: '/id', detail: expect.any(String) }]);
      const query = await request('GET', '/search?term=a%00');
      expectProblem(query, 400, 'validation-failed');
      expect(query.body['errors']).toEqual([{ pointer: '/term', detail: expect.any(String) }]);
    });

    it.each(['/%', '/%ff', '/users/%zz', '/users/%E0%A4/name', '/nowhere/%'])(
      '%s is rejected because it cannot be decoded',
      async (target) => {
        const answer = await request('GET', target);
        expectProblem(answer, 400, 'malformed-request');
        expect(answer.headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
      },
    );

    it.each([
      ['/users/me', 401],
      ['/users/me?x=1', 401],
      ['http://elsewhere/users/me', 401],
      ['/users/me/', 404],
      ['//users/me', 404],
      ['/users//me', 404],
      ['/Users/Me', 404],
      ['/users%2fme', 404],
      ['/users%2Fme', 404],
      ['/users/me;x', 404],
      ['/users/./me', 404],
      ['/users/../users/me', 404],
      ['users/me', 400],
      ['*users/me', 404],
    ])('GET and HEAD of %s are answered with %i', async (target, status) => {
      served.length = 0;
      expect((await request('GET', target)).status).toBe(status);
      expect((await request('HEAD', target)).status).toBe(status);
      expect(served).toEqual([]);
    });

    it.each(['/users/%6de', '/users\\me', '/users/me#x', '/users/me%00', '/users/me%20'])(
      '%s is never served without the guard',
      async (target) => {
        served.length = 0;
        expect([400, 401, 404]).toContain((await request('GET', target)).status);
        expect(served).toEqual([]);
      },
    );

    it('a path parameter may have any length that fits the request head', async () => {
      expect((await request('GET', `/users/${'a'.repeat(5000)}/name`)).status).toBe(200);
    });

    it('a request head above the limit of Node is answered with 431', async () => {
      expectProblem(await request('GET', `/users/${'a'.repeat(20_000)}/name`), 431, 'request-header-fields-too-large');
    });

    it('QUERY is answered as by both frameworks', async () => {
      expectProblem(await request('QUERY', '/keys'), 400, 'malformed-request');
      const head = 'QUERY /keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n';
      expectProblem(await send(port, `${head}Content-Type: application/json\r\n\r\n`, '{}'), 404, 'not-found');
    });

    it('a request without a Host header is answered with 400', async () => {
      const answer = await send(port, 'GET /keys HTTP/1.1\r\nConnection: close\r\n\r\n');
      expectProblem(answer, 400, 'malformed-request');
      expect(answer.headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
      expect((await send(port, 'GET /keys HTTP/1.0\r\n\r\n')).status).toBe(200);
    });

    it.each([
      ['Host', 'Host: x\r\nhost: y\r\n'],
      ['Content-Type', 'Host: x\r\nContent-Type: application/json\r\ncontent-type: text/plain\r\n'],
    ])('a request with more than one %s header is answered with 400', async (name, headers) => {
      const head = `POST /users HTTP/1.1\r\nConnection: close\r\nContent-Length: 25\r\n${headers}\r\n`;
      const answer = await send(port, head, '{"email":"a@example.com"}');
      expectProblem(answer, 400, 'malformed-request');
      expect(answer.body).toMatchObject({ detail: expect.stringContaining(`several ${name} headers`) });
    });

    it.each(['Authorization: Bearer x', 'Host: y', 'Content-Type: text/plain'])(
      'a request with so many header lines that Node would drop a second %s is answered with 431',
      async (line) => {
        const lines = Array.from({ length: 2_100 }, () => 'a:');
        const answer = await request('GET', '/keys', ['Authorization: Bearer x', ...lines, line]);
        expectProblem(answer, 431, 'request-header-fields-too-large');
        expect((await request('GET', '/keys', lines.slice(0, 900))).status).toBe(200);
      },
    );

    it.each([
      ['{"email":"a@example.com","email":"b@example.com"}', '/email', 'occurs more than once'],
      [
        '{"email":"a@example.com","addresses":[{"street":"a","str\\u0065et":"b"}]}',
        '/addresses/0/street',
        'occurs more than once',
      ],
      ['{"email":"a@example.com","toString":1}', '/toString', 'is not a known field'],
      ['{"email":"a@example.com","constructor":1}', '/constructor', 'is not a known field'],
      [
        '{"email":"a@example.com","addresses":[{"street":"a","hasOwnProperty":1}]}',
        '/addresses/0/hasOwnProperty',
        'is not a known field',
      ],
    ])('the body %s is answered with 400 and the pointer %s', async (body, pointer, detail) => {
      const answer = await post(body);
      expectProblem(answer, 400, 'validation-failed');
      expect(answer.body['errors']).toEqual([{ pointer, detail }]);
    });

    it('an unknown expectation is answered with 417, and a known one is processed', async () => {
      const answer = await request('GET', '/keys', ['Expect: the-unexpected']);
      expectProblem(answer, 417, 'expectation-failed');
      expect(answer.headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
      expect(answer.headers['connection']).toBe('close');
      expect((await request('GET', '/%ff', ['Expect: x'])).status).toBe(400);
      const body = '{"email":"a@example.com"}';
      const head = `POST /users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
      expect((await send(port, `${head}Expect: 100-continue\r\n\r\n`, body)).status).toBe(100);
    });

    it('a request that is not HTTP is answered with 400', async () => {
      expectProblem(await send(port, 'HELLO\r\n\r\n'), 400, 'malformed-request');
    });
  });

  describe('headers', () => {
    it.each(['*', '"x"', 'W/"x"'])('a conditional request gets the full body (If-None-Match: %s)', async (tag) => {
      const answer = await request('GET', '/search?term=a', [`If-None-Match: ${tag}`]);
      expect({ status: answer.status, body: answer.body }).toEqual({ status: 200, body: { term: 'a' } });
      expect((await request('HEAD', '/search?term=a', [`If-None-Match: ${tag}`])).status).toBe(200);
    });

    it('the headers disable browser features that an API does not need', async () => {
      const { headers } = await request('GET', '/users/1/name');
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
      });
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('etag');
      expect(headers).not.toHaveProperty('strict-transport-security');
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    });

    it('a controller can set the cache lifetime of its answer', async () => {
      expect((await request('GET', '/keys')).headers['cache-control']).toBe('public, max-age=300');
    });

    it('only the pages under /docs may run their own scripts', async () => {
      expect((await request('GET', '/docs')).headers['content-security-policy']).toContain("script-src 'self'");
      expect((await request('GET', '/docs/')).headers['content-security-policy']).toContain("script-src 'self'");
      expect((await request('GET', '/docs-json')).headers['content-security-policy']).not.toContain('script-src');
    });

    it('Strict-Transport-Security is sent if it is configured', async () => {
      const at = await start({ strictTransportSecurity: true });
      const { headers } = await request('GET', '/keys', [], at);
      expect(headers['strict-transport-security']).toBe('max-age=31536000; includeSubDomains');
    });

    it('the server generates the request id and ignores the one of an untrusted client', async () => {
      const answer = await request('GET', '/keys', ['X-Request-Id: from-outside-1', 'X-Forwarded-For: 9.9.9.9']);
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      expect((await request('GET', '/address', ['X-Forwarded-For: 9.9.9.9'])).body['ip']).toBe('127.0.0.1');
    });

    it.each([true, 1, 'loopback'])('the client address comes from the configured proxy (%s)', async (trustProxy) => {
      const at = await start({ trustProxy });
      const answer = await request('GET', '/address', ['X-Request-Id: from-outside-1', 'X-Forwarded-For: 9.9.9.9'], at);
      expect(answer.headers['x-request-id']).toBe('from-outside-1');
      expect(answer.body['ip']).toBe('9.9.9.9');
      const odd = await request('GET', '/nothing', ['X-Request-Id: a b"c<script>'], at);
      expectProblem(odd, 404, 'not-found');
      expect(odd.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    });
  });

  describe('the request id header', () => {
    const idFrom = async (trustProxy: HttpSettings['trustProxy']) => {
      const at = await start({ trustProxy });
      return (await request('GET', '/keys', ['X-Request-Id: from-outside-1'], at)).headers['x-request-id'];
    };

    it.each([true, 1, 'loopback', '127.0.0.0/8', '10.0.0.0/8, 127.0.0.1'])(
      'the request id of a trusted proxy is kept (%s)',
      async (trust) => {
        expect(await idFrom(trust)).toBe('from-outside-1');
      },
    );

    it.each([false, 0, '10.0.0.0/8', 'uniquelocal', '::1, 127.0.0.2'])(
      'the request id of an untrusted client is replaced (%s)',
      async (trust) => {
        expect(await idFrom(trust)).toMatch(/^[0-9a-f-]{36}$/);
      },
    );
  });

  describe('CORS', () => {
    let lenient: number | undefined;
    const preflight = ['Access-Control-Request-Method: POST', 'Access-Control-Request-Headers: authorization'];

    it('an origin that is not configured gets no CORS headers', async () => {
      const answer = await request('OPTIONS', '/users', ['Origin: https://app.example', ...preflight]);
      expect(answer.status).toBe(404);
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
    });

    it('a configured origin is allowed without credentials and can read rejections', async () => {
      const at = await start({ corsOrigins: ['https://app.example'] });
      const answer = await request('OPTIONS', '/users', ['Origin: https://app.example', ...preflight], at);
      expect(answer.status).toBe(204);
      expect(answer.headers['access-control-allow-origin']).toBe('https://app.example');
      expect(answer.headers['access-control-allow-headers']).toContain('Authorization');
      expect(answer.headers['vary']).toBe('Origin');
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
      const refused = await request('GET', '/users/me', ['Origin: https://app.example'], at);
      expect(refused.status).toBe(401);
      expect(refused.headers['access-control-allow-origin']).toBe('https://app.example');
      const stranger = await request('OPTIONS', '/users', ['Origin: https://app.example.evil', ...preflight], at);
      expect(stranger.status).toBe(404);
      expect(stranger.headers).not.toHaveProperty('access-control-allow-origin');
    });

    it('every origin is allowed if the setting is *', async () => {
      const at = await start({ corsOrigins: ['*'] });
      const answer = await request('GET', '/keys', ['Origin: https://anybody.example'], at);
      expect(answer.headers['access-control-allow-origin']).toBe('*');
      expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
    });

    const patterns = [
      'https://*.example.com',
      'http://*.localhost:3000',
      'https://app.example',
      'capacitor://localhost',
      'app://obsidian.md',
    ];
    it.each([
      ['https://x.example.com', true],
      ['https://pr-12.example.com', true],
      ['http://tenant.localhost:3000', true],
      ['capacitor://localhost', true],
      ['app://obsidian.md', true],
      ['https://example.com', false],
      ['https://.example.com', false],
      ['https://a.b.example.com', false],
      ['https://evil-example.com', false],
      ['https://x.example.com.evil', false],
      ['https://evil/.example.com', false],
      ['https://evil@x.example.com', false],
      ['https://*.example.com', false],
      ['http://x.example.com', false],
      ['https://x.example.com:8443', false],
      ['http://tenant.localhost', false],
      ['capacitor://localhost.evil', false],
      ['ionic://localhost', false],
      ['null', false],
    ])('the origin %s is allowed by a list with wildcards: %s', async (origin, isAllowed) => {
      lenient ??= await start({ corsOrigins: patterns });
      const { headers } = await request('GET', '/keys', [`Origin: ${origin}`], lenient);
      expect(headers['access-control-allow-origin']).toBe(isAllowed ? origin : undefined);
      expect(headers['vary']).toBe('Origin');
    });

    it('headers, methods, age and credentials of cross-origin requests are settings', async () => {
      const at = await start({
        corsOrigins: ['https://app.example'],
        corsAllowedHeaders: ['traceparent', 'authorization', 'X-Tenant'],
        corsExposedHeaders: ['X-Total-Count'],
        corsMethods: ['GET', 'POST'],
        corsMaximumAgeSeconds: 0,
        corsCredentials: true,
      });
      expect(
        (await request('OPTIONS', '/users', ['Origin: https://app.example', ...preflight], at)).headers,
      ).toMatchObject({
        'access-control-allow-headers': 'authorization,Content-Type,X-Request-Id,Postern-Device,traceparent,X-Tenant',
        'access-control-expose-headers':
          'X-Request-Id,WWW-Authenticate,Retry-After,RateLimit-Policy,RateLimit,Postern-Device,X-Total-Count',
        'access-control-allow-methods': 'GET,POST',
        'access-control-max-age': '0',
        'access-control-allow-credentials': 'true',
      });
      const actual = await request('GET', '/keys', ['Origin: https://app.example'], at);
      expect(actual.headers['access-control-allow-credentials']).toBe('true');
      const stranger = await request('GET', '/keys', ['Origin: https://app.evil'], at);
      expect(stranger.headers).not.toHaveProperty('access-control-allow-credentials');
    });

    it('a handler that sets Vary does not let a cache serve the response to another origin', async () => {
      const at = await start({ corsOrigins: ['https://app.example'] });
      expect((await request('GET', '/languages', [], at)).headers['vary']).toBe('Accept-Language, Origin');
    });
  });

  describe('timeouts and shutdown', () => {
    it('a request whose body does not arrive times out', async () => {
      const at = await start({ requestTimeoutSeconds: 1 });
      const head = 'POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
      expectProblem(await send(at, head), 408, 'request-timeout');
    });

    it('a request whose head does not end times out', async () => {
      const at = await start({ requestTimeoutSeconds: 1 });
      expectProblem(await send(at, 'GET /keys HTTP/1.1\r\nHost: x\r\n'), 408, 'request-timeout');
    });

    it('requests in progress are completed before the server closes', async () => {
      const at = await start();
      const socket = connect(at, '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
      socket.write('GET /keys HTTP/1.1\r\nHost: x\r\n');
      await delay(100);
      const ending = apps.pop()!.close();
      await delay(100);
      socket.write('\r\n');
      await once(socket, 'close');
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer).toContain('{"keys":[]}');
      await ending;
    });

    it('the server closes after an answer has arrived completely, however slowly the client reads', async () => {
      const at = await start();
      const slow = connect(at, '127.0.0.1').pause();
      slow.write('GET /long HTTP/1.1\r\nHost: x\r\n\r\n');
      await delay(300);
      const ending = apps.pop()!.close();
      await delay(500);
      let length = 0;
      slow.on('data', (chunk: Buffer) => (length += chunk.length)).resume();
      await once(slow, 'close');
      expect(length).toBeGreaterThan(30_000_000);
      await ending;
    });

    it('the server closes although a client does not read an answer', async () => {
      const at = await start({ requestTimeoutSeconds: 1 });
      const deaf = connect(at, '127.0.0.1').pause();
      deaf.on('error', () => undefined);
      deaf.write('GET /long HTTP/1.1\r\nHost: x\r\n\r\n');
      await delay(300);
      const began = performance.now();
      await apps.pop()!.close();
      expect(performance.now() - began).toBeLessThan(4000);
      deaf.destroy();
    });

    it('the server closes although connections are unused, idle, or half-sent', async () => {
      const at = await start({ requestTimeoutSeconds: 2 });
      const silent = connect(at, '127.0.0.1');
      const used = connect(at, '127.0.0.1');
      const again = connect(at, '127.0.0.1');
      for (const socket of [used, again]) {
        socket.write('GET /keys HTTP/1.1\r\nHost: x\r\n\r\n');
        await once(socket, 'data');
      }
      again.resume().write('GET /keys HTTP/1.1\r\n');
      const head = send(at, 'GET /keys HTTP/1.1\r\nHost: x\r\n');
      const body = send(
        at,
        'POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
      );
      await delay(100);
      const began = performance.now();
      const ending = apps.pop()!.close();
      await Promise.all([once(silent, 'close'), once(used, 'close')]);
      expect(performance.now() - began).toBeLessThan(1000);
      await ending;
      expect(performance.now() - began).toBeLessThan(4000);
      expectProblem(await head, 408, 'request-timeout');
      expectProblem(await body, 408, 'request-timeout');
    });
  });

  it('an exception filter of the application handles its own exceptions', async () => {
    class TeapotError extends Error {}
    @Catch(TeapotError)
    class TeapotFilter implements ExceptionFilter {
      catch(_thrown: TeapotError, host: ArgumentsHost): void {
        app.getHttpAdapter().reply(host.switchToHttp().getResponse(), { teapot: true }, 418);
      }
    }
    @Controller()
    class TeaController {
      @Get('tea')
      tea(): never {
        throw new TeapotError();
      }
    }
    @Module({
      imports: [ProblemModule.forRoot({})],
      controllers: [TeaController],
      providers: [{ provide: APP_FILTER, useClass: TeapotFilter }],
    })
    class TeaModule {}
    const app = await NestFactory.create(TeaModule, await createHttpAdapter(kind), { logger: false });
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    const at = (app.getHttpServer().address() as AddressInfo).port;
    expect(await request('GET', '/tea', [], at)).toMatchObject({ status: 418, body: { teapot: true } });
    expectProblem(await request('GET', '/nowhere', [], at), 404, 'not-found');
  });

  it('hardenHttp applies to an application with its own adapter', async () => {
    const own =
      kind === 'fastify'
        ? new (await import('@nestjs/platform-fastify')).FastifyAdapter()
        : new (await import('@nestjs/platform-express')).ExpressAdapter();
    const app = await NestFactory.create(AppModule, own, { logger: false });
    await hardenHttp(app, { corsOrigins: ['https://app.example'] });
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    const at = (app.getHttpServer().address() as AddressInfo).port;
    const found = await request('GET', '/keys', ['Origin: https://app.example'], at);
    expect(found.headers).toMatchObject({
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'access-control-allow-origin': 'https://app.example',
      'cache-control': 'public, max-age=300',
    });
    expect(found.headers).not.toHaveProperty('x-powered-by');
    expectProblem(await request('GET', '/%', [], at), 400, 'malformed-request');
    expectProblem(await send(at, 'GET /keys HTTP/1.1\r\nConnection: close\r\n\r\n'), 400, 'malformed-request');
    expectProblem(await request('GET', '/keys', ['Expect: x'], at), 417, 'expectation-failed');
    expect((await request('GET', '/keys', ['If-None-Match: *'], at)).status).toBe(200);
    const head =
      'POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 9\r\n\r\n';
    const broken = await send(at, head, '{"a":bcd}');
    expectProblem(broken, 400, 'malformed-request');
    expect(broken.body['detail']).toBe('The body is not valid JSON.');
    const repeated = await send(at, head.replace('Length: 9', 'Length: 13'), '{"a":1,"a":2}');
    expectProblem(repeated, 400, 'validation-failed');
    const lines = Array.from({ length: 2_100 }, () => 'a:');
    expectProblem(await request('GET', '/keys', lines, at), 431, 'request-header-fields-too-large');
  });

  it('an application can request the raw body', async () => {
    @Controller('hook')
    class HookController {
      @Post()
      receive(@Req() { rawBody }: { rawBody?: Buffer }): object {
        return { raw: rawBody?.toString() };
      }
    }
    @Module({ controllers: [HookController] })
    class HookModule {}
    const own =
      kind === 'fastify'
        ? new (await import('@nestjs/platform-fastify')).FastifyAdapter()
        : new (await import('@nestjs/platform-express')).ExpressAdapter();
    const app = await NestFactory.create(HookModule, own, { logger: false, rawBody: true });
    await hardenHttp(app);
    apps.push(app);
    await app.listen(0, '127.0.0.1');
    const at = (app.getHttpServer().address() as AddressInfo).port;
    const head =
      'POST /hook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 9\r\n\r\n';
    expect(await send(at, head, '{"a" : 1}')).toMatchObject({ status: 201, body: { raw: '{"a" : 1}' } });
  });
});
