import { once } from 'node:events';
import { request as send } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Get, Header, Injectable, Res, Sse, StreamableFile } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { interval, map, finalize } from 'rxjs';
import type { Observable } from 'rxjs';
import {
  AccessTokenVerifier,
  AuthModule,
  Clock,
  EndsWithToken,
  JwtAuthGuard,
  OpenStreams,
  PrincipalMapper,
  RouteRights,
  RevocationHealth,
  RevocationPublisher,
  RevocationSource,
} from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { ManualClock, TestIssuer, testPrincipal } from 'postern/testing/auth';
import { until } from '../../support/until.js';

let unsubscribed = 0;
const ticks = (): Observable<{ data: number }> =>
  interval(20).pipe(
    map((data) => ({ data })),
    finalize(() => (unsubscribed += 1)),
  );

/** Takes the response over from either framework and writes until the client disconnects. */
function writeForEver(response: ServerResponse | { raw: ServerResponse; hijack: () => void }): void {
  if ('raw' in response) response.hijack();
  const raw = 'raw' in response ? response.raw : response;
  raw.writeHead(200, { 'Content-Type': 'text/plain' });
  const timer = setInterval(() => raw.write('line\n'), 20);
  raw.once('close', () => clearInterval(timer));
}

/** Writes a byte every 20 ms. */
function slowFile(): Readable {
  const file = new Readable({ read: () => undefined });
  const timer = setInterval(() => file.push('x'), 20);
  file.once('close', () => clearInterval(timer));
  return file;
}

/** A decorator that replaces the method with another function. */
const Timed =
  (): MethodDecorator =>
  (_target, _name, descriptor): void => {
    const original = descriptor.value as (...args: unknown[]) => unknown;
    descriptor.value = function (this: unknown, ...args: unknown[]) {
      return original.apply(this, args);
    } as typeof descriptor.value;
  };

@Controller('live')
class LiveController {
  @Sse('events')
  events(): Observable<{ data: number }> {
    return ticks();
  }

  @Get('ordinary')
  ordinary(): Promise<string> {
    return delay(100, 'ordinary');
  }

  @Get('lines')
  lines(@Res() response: ServerResponse): void {
    writeForEver(response);
  }

  @Get('file')
  @Header('Content-Length', '1000000')
  file(): StreamableFile {
    return new StreamableFile(slowFile());
  }

  @Sse('own')
  @Timed()
  @EndsWithToken(false)
  own(): Observable<{ data: number }> {
    return ticks();
  }
}

/** A source that reports a complete state once and then stays silent. */
@Injectable()
class SilentSource extends RevocationSource {
  constructor(private readonly health: RevocationHealth) {
    super();
  }

  override async follow(): Promise<void> {
    this.health.followingStarted();
    this.health.upToDateAt();
  }

  override stop(): void {}
}

interface Stream {
  readonly answer: IncomingMessage;
  /** The number of bytes so far. */
  length: number;
  isOver: boolean;
}

const adapters = { Fastify: () => new FastifyAdapter(), Express: () => new ExpressAdapter() } as const;

describe.each(Object.keys(adapters) as (keyof typeof adapters)[])('open streams on %s', (adapter) => {
  let application: INestApplication;
  let issuer: TestIssuer;
  let clock: ManualClock;

  const stop = async (): Promise<void> => {
    // The plain adapters of Nest do not close open connections, unlike Postern's.
    (application?.getHttpServer() as Server | undefined)?.closeAllConnections();
    await application?.close();
  };
  const start = async (more: object = {}, prepare = (): void => undefined): Promise<void> => {
    await stop();
    issuer = new TestIssuer('orders');
    const testing = await Test.createTestingModule({
      imports: [ProblemModule.forRoot({}), AuthModule.forRoot({ ...issuer.settings, clock: ManualClock, ...more })],
      controllers: [LiveController],
    }).compile();
    application = testing.createNestApplication(adapters[adapter](), { logger: false });
    prepare();
    await application.listen(0, '127.0.0.1');
    clock = application.get<ManualClock>(Clock);
    unsubscribed = 0;
  };

  const open = async (path: string, sessionId = 'laptop'): Promise<Stream> => {
    const { port } = (application.getHttpServer() as Server).address() as AddressInfo;
    const authorization = `Bearer ${issuer.token({ subject: 'ada', sessionId })}`;
    const outgoing = send({ host: '127.0.0.1', port, path, headers: { authorization } }).end();
    outgoing.on('error', () => undefined);
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    const stream: Stream = { answer, length: 0, isOver: false };
    answer.on('data', (chunk: Buffer) => (stream.length += chunk.length));
    answer.on('error', () => undefined);
    answer.on('close', () => (stream.isOver = true));
    await until(() => stream.length > 0);
    return stream;
  };
  const logOut = (target: string): Promise<void> =>
    application.get<RevocationPublisher>(RevocationPublisher).publish({ kind: 'session', target, reason: 'logout' });
  const goesOn = async (stream: Stream): Promise<void> => {
    const { length } = stream;
    await until(() => stream.length > length);
    expect(stream.isOver).toBe(false);
  };

  beforeEach(() => start());
  afterAll(stop);

  it.each(['/live/events', '/live/lines', '/live/file'])(
    '%s ends within a second after its session is revoked, and a stream of another session continues',
    async (path) => {
      const [stream, other] = [await open(path), await open(path, 'phone')];
      await logOut('laptop');
      await until(() => stream.isOver, 2_000);
      await goesOn(other);
    },
  );

  it.each(['/live/events', '/live/lines'])('%s ends within a second after its token has expired', async (path) => {
    const stream = await open(path);
    clock.advance(299);
    await goesOn(stream);
    // The token may be seconds younger than the clock, which stands still from the start.
    clock.advance(11);
    await until(() => stream.isOver, 2_000);
  });

  it('an ended stream completes its last event and releases the subscription of the handler', async () => {
    const stream = await open('/live/events');
    await logOut('laptop');
    await until(() => stream.isOver, 2_000);
    expect(stream.answer.complete).toBe(true);
    await until(() => unsubscribed === 1);
  });

  it('a file with a Content-Length is not cut when its token expires, and half a file never looks complete', async () => {
    const [file, stream] = [await open('/live/file'), await open('/live/events')];
    clock.advance(310);
    await until(() => stream.isOver, 2_000);
    await goesOn(file);
    await logOut('laptop');
    await until(() => file.isOver, 1_000);
    expect(file.answer.complete).toBe(false);
  });

  it('a route with @EndsWithToken(false) keeps its streams open', async () => {
    const [own, stream] = [await open('/live/own'), await open('/live/events')];
    await logOut('laptop');
    await until(() => stream.isOver, 2_000);
    await goesOn(own);
  });

  it.each([
    [
      'a stream ends although another request waits behind it on the same connection',
      '/live/events',
      '/live/ordinary',
      1,
    ],
    [
      'a stream ends although it has waited for another answer on the same connection',
      '/live/ordinary',
      '/live/events',
      0,
    ],
  ])('%s', async (_, first, second, at) => {
    const { port } = (application.getHttpServer() as Server).address() as AddressInfo;
    const sessions = at === 0 ? ['phone', 'laptop'] : ['laptop', 'phone'];
    const heads = [first, second].map((path, index) => {
      const token = issuer.token({ subject: 'ada', sessionId: sessions[index] });
      return `GET ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    });
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write(heads.join(''));
    await until(() => text.includes('data: 3'));
    await logOut('laptop');
    await until(() => socket.closed, 1_000);
  });

  it('ends a stream that a guard has admitted which the application made itself for useGlobalGuards', async () => {
    await start({ global: false }, () => {
      const rights = application.get(RouteRights);
      const [verifier, mapper] = [application.get(AccessTokenVerifier), application.get(PrincipalMapper)];
      application.useGlobalGuards(new JwtAuthGuard(verifier, mapper, rights));
    });
    const stream = await open('/live/events');
    expect(stream.answer.statusCode).toBe(200);
    await logOut('laptop');
    await until(() => stream.isOver, 2_000);
  });

  it('a stream ends when the revocations of its issuer have been unknown for too long', async () => {
    await start({ revocationSource: SilentSource, revocations: { maximumSilenceSeconds: 1 } });
    const stream = await open('/live/events');
    await until(() => stream.isOver, 2_500);
  });

  it('a tracked resource of the application, such as a socket, ends unless it was untracked', async () => {
    const ended: string[] = [];
    const streams = application.get(OpenStreams);
    const principal = testPrincipal({ issuer: issuer.settings.issuer, keyId: issuer.keyId, sessionId: 'laptop' });
    streams.track(principal, () => ended.push('socket'));
    streams.track(principal, () => ended.push('forgotten'))();
    streams.track({ ...principal, sessionId: 'phone' }, () => ended.push('other session'));
    await logOut('laptop');
    await until(() => ended.length > 0, 1_000);
    expect(ended).toEqual(['socket']);
  });
});
