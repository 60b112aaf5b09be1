import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from 'postern/auth';
import { TestIssuer } from 'postern/testing/auth';

/** A token request as the server has received it. */
export interface ReceivedRequest {
  readonly authorization: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

/** An answer of the token endpoint that replaces the token. */
export interface Failure {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An authorization server that follows RFC 6749 §4.4 and RFC 8414, and fails on demand. */
export class AuthorizationServer {
  readonly requests: ReceivedRequest[] = [];
  failure: Failure | undefined;
  lifetimeSeconds = 300;

  private constructor(
    private readonly server: Server,
    readonly issuer: TestIssuer,
  ) {}

  static async start(clock?: Clock): Promise<AuthorizationServer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const started = new AuthorizationServer(server, new TestIssuer('unused', url, clock));
    server.on(
      'request',
      (request: IncomingMessage, response: ServerResponse) => void started.answer(request, response),
    );
    return started;
  }

  get url(): string {
    return this.issuer.settings.issuer;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, body: unknown, headers = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    if (request.url === '/.well-known/oauth-authorization-server') {
      return reply(200, { issuer: this.url, token_endpoint: `${this.url}/token` });
    }
    if (request.url !== '/token' || request.method !== 'POST') return reply(404, {});
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    const { authorization } = request.headers;
    this.requests.push({ authorization, form });
    if (this.failure) return reply(this.failure.status, this.failure.body ?? {}, this.failure.headers);
    const [clientId = ''] = Buffer.from(authorization?.slice('Basic '.length) ?? '', 'base64')
      .toString()
      .split(':');
    const token = this.issuer.token({
      subject: clientId,
      clientId,
      scopes: form.scope?.split(' '),
      lifetimeSeconds: this.lifetimeSeconds,
      claims: { aud: form.resource ?? form.audience },
    });
    return reply(200, { access_token: token, token_type: 'Bearer', expires_in: this.lifetimeSeconds });
  }
}
