import { Logger, ServiceUnavailableException } from '@nestjs/common';
import type { ArgumentsHost } from '@nestjs/common';
import type { HttpAdapterHost } from '@nestjs/core';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { ProblemFilter } from './problem.filter.js';
import { InternalError, NotFoundError, ServiceUnavailableError } from './problem.errors.js';
import { rememberRequestId } from './request-id.js';

interface Sent {
  status?: number;
  body?: string;
  ended?: boolean;
  headers: Record<string, string>;
}

class FakeAdapter {
  readonly sent: Sent = { headers: {} };
  constructor(private readonly hasHeaders = false) {}
  isHeadersSent = () => this.hasHeaders;
  setHeader = (_response: unknown, name: string, value: string) => (this.sent.headers[name] = value);
  getRequestUrl = (request: { url: string }) => request.url;
  getRequestMethod = () => 'GET';
  end = () => (this.sent.ended = true);
  reply = (_response: unknown, body: string, status: number) => Object.assign(this.sent, { body, status });
}

class Lines extends Logger {
  static readonly written: unknown[][] = [];
  static readonly levels: string[] = [];
}

const filterOn = (adapter: FakeAdapter) =>
  new ProblemFilter({ httpAdapter: adapter } as unknown as HttpAdapterHost, { documentation: 'https://p/' });

const answer = (adapter: FakeAdapter, thrown: unknown, host: ArgumentsHost) => {
  const filter: { catch: (thrown: unknown, host: ArgumentsHost) => unknown } = filterOn(adapter);
  const { catch: handle } = filter;
  return handle.call(filter, thrown, host);
};

const hostOf = (type: string, request: object = { url: '/orders?token=abc' }) =>
  ({
    getType: () => type,
    getArgByIndex: (index: number) => [request, {}][index],
    switchToWs: () => ({ getClient: () => request }),
  }) as unknown as ArgumentsHost;

describe('ProblemFilter', () => {
  beforeEach(() => {
    Lines.written.length = Lines.levels.length = 0;
    const at =
      (level: string) =>
      (...line: unknown[]) => {
        Lines.written.push(line);
        Lines.levels.push(level);
      };
    Logger.overrideLogger({ log: at('log'), warn: at('warn'), error: at('error') });
  });

  afterAll(() => Logger.overrideLogger(false));

  it('ProblemFilter sends the id of the request', () => {
    const adapter = new FakeAdapter();
    const request = { url: '/' };
    rememberRequestId(request, 'id-of-the-proxy');
    answer(adapter, new NotFoundError(), hostOf('http', { raw: request }));
    expect(adapter.sent).toMatchObject({ status: 404, headers: { 'X-Request-Id': 'id-of-the-proxy' } });
    expect(JSON.parse(adapter.sent.body ?? '')).toMatchObject({
      type: 'https://p/not-found',
      instance: 'urn:request:id-of-the-proxy',
    });
  });

  it('ProblemFilter logs a failure with its causes, but without the query string and the properties of a driver error', () => {
    const driver = Object.assign(new Error('duplicate key'), { parameters: ['$argon2id$hash'] });
    answer(new FakeAdapter(), new InternalError(undefined, { cause: driver }), hostOf('http'));
    const line = JSON.stringify(Lines.written);
    expect(line).toContain('duplicate key');
    expect(line).toContain('internal-error GET /orders urn:request:');
    expect(line).not.toContain('token=abc');
    expect(line).not.toContain('argon2id');
  });

  it('ProblemFilter logs a 503 as a warning in one line without a stack', () => {
    const driver = new Error('connect ECONNREFUSED\n127.0.0.1:5432');
    answer(new FakeAdapter(), new ServiceUnavailableError(undefined, { cause: driver }), hostOf('http'));
    answer(new FakeAdapter(), new ServiceUnavailableException(), hostOf('http'));
    expect(Lines.written.map(([line]) => line)).toEqual([
      expect.stringMatching(
        /^service-unavailable GET \/orders urn:request:[^:]+: The service is .*: connect ECONNREFUSED 127\.0\.0\.1:5432$/,
      ),
      expect.stringMatching(/^service-unavailable GET \/orders urn:request:[^:]+: Service Unavailable$/),
    ]);
    expect(Lines.levels).toEqual(['warn', 'warn']);
    expect(JSON.stringify(Lines.written)).not.toContain('    at ');
  });

  it('ProblemFilter logs a 503 in the same way for sockets, GraphQL and other transports', async () => {
    const thrown = new ServiceUnavailableError(undefined, { cause: new Error('connect ECONNREFUSED') });
    answer(new FakeAdapter(), thrown, hostOf('ws', { emit: () => undefined }));
    expect(() => answer(new FakeAdapter(), thrown, hostOf('graphql'))).toThrow('The service');
    await expect(
      lastValueFrom(answer(new FakeAdapter(), thrown, hostOf('rpc')) as Observable<never>),
    ).rejects.toMatchObject({ status: 503 });
    expect(Lines.levels).toEqual(['warn', 'warn', 'warn']);
    for (const [line] of Lines.written)
      expect(line).toMatch(/^service-unavailable message urn:request:[^:]+: .*: connect ECONNREFUSED$/);
    expect(JSON.stringify(Lines.written)).not.toContain('    at ');
  });

  it('ProblemFilter does not log the error of a client', () => {
    answer(new FakeAdapter(), new NotFoundError(), hostOf('http'));
    expect(Lines.written).toEqual([]);
  });

  it('ProblemFilter logs the cause of a rejection at the level debug, but only if the cause is a string', () => {
    Logger.overrideLogger({
      log: () => undefined,
      warn: () => undefined,
      error: () => undefined,
      debug: (...line: unknown[]) => void Lines.written.push(line),
    });
    answer(new FakeAdapter(), new NotFoundError(undefined, { cause: 'not on the list' }), hostOf('http'));
    answer(new FakeAdapter(), new NotFoundError(undefined, { cause: new Error('hunter2') }), hostOf('http'));
    expect(Lines.written).toHaveLength(1);
    expect(String(Lines.written[0])).toMatch(/^not-found GET \/orders urn:request:[^:]+: not on the list/);
  });

  it('ProblemFilter ends a response whose headers are already sent', () => {
    const adapter = new FakeAdapter(true);
    answer(adapter, new NotFoundError(), hostOf('http'));
    expect(adapter.sent).toEqual({ headers: {}, ended: true });
  });

  it('ProblemFilter sends the event `exception` to the client of a gateway, on both kinds of sockets', () => {
    const sent: unknown[] = [];
    const send = (text: string) => void sent.push(JSON.parse(text));
    const emit = (event: string, data: object) => void sent.push({ event, data });
    answer(new FakeAdapter(), new NotFoundError(), hostOf('ws', { readyState: 1, send, emit: () => undefined }));
    answer(new FakeAdapter(), new Error('secret'), hostOf('ws', { emit }));
    expect(sent).toMatchObject([
      { event: 'exception', data: { status: 404, code: 'not-found' } },
      { event: 'exception', data: { status: 500, code: 'internal-error' } },
    ]);
    expect(JSON.stringify(sent)).not.toContain('secret');
    expect(Lines.levels).toEqual(['error']);
  });

  it('ProblemFilter sends only the public part to another transport', async () => {
    const thrown = answer(new FakeAdapter(), new Error('secret'), hostOf('rpc'));
    expect(isObservable(thrown)).toBe(true);
    await expect(lastValueFrom(thrown as Observable<never>)).rejects.toMatchObject({ code: 'internal-error' });
  });
});
