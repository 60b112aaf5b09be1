import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, NetConnectOpts, Server, Socket } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import type { INestApplication, LoggerService, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { createHttpAdapter, PosternModule } from 'postern';
import type { PosternSettings } from 'postern';
import { AuthModule, CurrentPrincipal, RevocationHealth } from 'postern/auth';
import type { AuthSettings, Clock, Principal } from 'postern/auth';
import type { PersistenceSettings } from 'postern/persistence';
import { ProblemModule } from 'postern/problem';
import { SessionsService } from 'postern/sessions';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { AccessTokens } from 'postern/tokens';
import type { AccessTokenClaims } from 'postern/tokens';
import { UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';

export const audience = 'orders';
export const secret = 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-revocations';

/** A TCP proxy that a test can stall, disconnect and redirect, like a network, a load balancer or a switch. */
export class TcpProxy {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private readonly forgotten = new Set<readonly [Socket, Socket]>();
  private isStalled = false;
  private isCut = false;

  private constructor(
    private readonly server: Server,
    private target: NetConnectOpts,
  ) {
    server.on('connection', (socket) => this.join(socket));
  }

  /**
   * Opens a proxy.
   *
   * @param target the address to forward to; `leadTo` can change it later
   * @param port the port to listen on; 0 for any free port
   */
  static async open(target: NetConnectOpts = { port: 9 }, port = 0): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return new TcpProxy(server, target);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  leadTo(target: NetConnectOpts): void {
    this.target = target;
  }

  /** No data arrives any more, and no connection is closed. */
  stall(): void {
    this.isStalled = true;
    for (const sockets of this.pairs) for (const socket of sockets) socket.pause();
  }

  /** Stalled data arrives, and clients that were disconnected may connect again. */
  resume(): void {
    this.isStalled = this.isCut = false;
    for (const sockets of this.pairs) for (const socket of sockets) socket.resume();
  }

  /** Stalls the existing connections without closing them; new connections work. */
  forget(): void {
    for (const pair of this.pairs) {
      for (const socket of pair) socket.pause();
      this.pairs.delete(pair);
      this.forgotten.add(pair);
    }
  }

  /** Closes every connection and accepts no new one. */
  cut(): void {
    this.isCut = true;
    this.drop();
  }

  /** Closes every connection; new connections work. */
  drop(): void {
    for (const sockets of this.pairs) for (const socket of sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    for (const sockets of this.forgotten) for (const socket of sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(near: Socket): void {
    if (this.isCut) return void near.destroy();
    const far = connect({ ...this.target, noDelay: true } as NetConnectOpts);
    const pair = [near, far] as const;
    this.pairs.add(pair);
    for (const [from, to] of [pair, [far, near] as const]) {
      from.on('error', () => undefined);
      from.on('data', (chunk) => to.write(chunk));
      from.on('end', () => to.end());
      from.on('close', () => {
        this.pairs.delete(pair);
        to.destroy();
      });
      if (this.isStalled) from.pause();
    }
  }
}

const databaseAddress = /^postgres(?:ql)?:\/\/([^@/]*)@?([^/]*)\/([^?]*)\??(.*)$/;

/** The target of a proxy to the database. */
export function targetOf(databaseUrl: string): NetConnectOpts {
  const [, , host = '', , query = ''] = databaseAddress.exec(databaseUrl) ?? [];
  const socketFolder = new URLSearchParams(query).get('host');
  const [hostname = '', port = '5432'] = host.split(':');
  return socketFolder
    ? { path: `${socketFolder}/.s.PGSQL.5432` }
    : { host: hostname || '127.0.0.1', port: Number(port) };
}

/** A proxy to a database, and the database URL through it. */
export async function proxyTo(databaseUrl: string): Promise<{ proxy: TcpProxy; url: string }> {
  const [, user = '', , name = ''] = databaseAddress.exec(databaseUrl) ?? [];
  const proxy = await TcpProxy.open(targetOf(databaseUrl));
  return { proxy, url: `postgres://${user}@127.0.0.1:${proxy.port}/${name}` };
}

/**
 * A database whose feed is empty: the role `administrator` exists, and its entry precedes the first number. Tests can
 * count the revocations from 1.
 */
export async function createFeedDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`
    INSERT INTO roles (name, description, permissions, includes, is_system)
    VALUES ('administrator', 'Has every permission', '["*"]', '[]', true);
    INSERT INTO revocations (id, seq, kind, target, reason, permissions, version, expires_at)
    VALUES (gen_random_uuid(), 0, 'role-permissions', 'administrator', 'test', '["*"]', 0, '9999-01-01')`);
  await client.end();
  return database;
}

/** A replica of the issuer. */
export interface Replica {
  readonly app: INestApplication;
  readonly url: string;
  readonly port: number;
  newUser(): Promise<UserBase>;
  /** An access token of a new session of the user. */
  signIn(user?: UserBase): Promise<SignedIn>;
  serviceToken(claims?: Partial<AccessTokenClaims>): Promise<string>;
}

export interface SignedIn {
  readonly user: UserBase;
  readonly token: string;
  readonly refreshToken: string;
  readonly sessionId: string;
}

/** The differences of a replica from the others. */
export interface ReplicaOptions {
  readonly adapter?: 'fastify' | 'express';
  readonly sessions?: PosternSettings['sessions'];
  readonly auth?: Partial<AuthSettings>;
  readonly persistence?: Omit<PersistenceSettings, 'databaseUrl'>;
  readonly clock?: Type<Clock>;
  /** The destination of its log; by default the log is discarded. */
  readonly logger?: LoggerService | false;
  /** Called before the application listens. */
  readonly prepare?: (app: INestApplication) => void | Promise<void>;
}

export async function startReplica(
  databaseUrl: string,
  issuer: string,
  { adapter = 'fastify', logger = false, prepare, ...options }: ReplicaOptions = {},
): Promise<Replica> {
  const app = await NestFactory.create(
    PosternModule.forRoot({ issuer, audience, secret, databaseUrl, ...options }),
    await createHttpAdapter(adapter),
    { logger, abortOnError: false },
  );
  await prepare?.(app);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const newUser = () => app.get(UsersService).create({ email: `${crypto.randomUUID()}@example.test` });
  return {
    app,
    url,
    port: Number(new URL(url).port),
    newUser,
    async signIn(given) {
      const user = given ?? (await newUser());
      const { accessToken, refreshToken, sessionId } = await app.get(SessionsService).start(user, { amr: ['pwd'] });
      return { user, token: accessToken, refreshToken, sessionId };
    },
    async serviceToken(claims = {}) {
      const { token } = await app
        .get(AccessTokens)
        .issue({ subject: 'orders', scopes: ['revocations:read'], ...claims });
      return token;
    },
  };
}

@Controller('here')
class HereController {
  @Get()
  here(@CurrentPrincipal() principal: Principal): { subject: string } {
    return { subject: principal.subject };
  }
}

@Module({})
class ResourceModule {}

/** A service with `auth` alone. It has no database and follows the feed. */
export interface Resource {
  readonly app: INestApplication;
  readonly health: RevocationHealth;
  /** 200, 401 or 503. */
  readonly status: (token: string) => Promise<number>;
  readonly get: (token: string) => Promise<Response>;
  close(): Promise<void>;
}

export async function startResource(settings: AuthSettings): Promise<Resource> {
  const module = {
    module: ResourceModule,
    imports: [ProblemModule.forRoot({}), AuthModule.forRoot({ ...settings })],
    controllers: [HereController],
  };
  const app = await NestFactory.create(module, await createHttpAdapter('fastify'), {
    logger: false,
    abortOnError: false,
  });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  const get = (token: string) => fetch(`${url}/here`, { headers: { authorization: `Bearer ${token}` } });
  return {
    app,
    health: app.get(RevocationHealth),
    get,
    async status(token) {
      const response = await get(token);
      await response.text();
      return response.status;
    },
    close: () => app.close(),
  };
}

/** An event of a stream, parsed by a reader that shares no code with the follower. */
export interface FeedEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** An open stream of events. */
export class FeedStream {
  readonly told: FeedEvent[] = [];
  isEnded = false;
  private rest = '';

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.read(text));
    response.on('error', () => undefined);
    response.on('close', () => (this.isEnded = true));
  }

  static async open(url: string, token: string, headers: Record<string, string> = {}): Promise<FeedStream> {
    const asked = request(`${url}/auth/revocations`, {
      agent: false,
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', ...headers },
    });
    const [response] = (await once(asked.end(), 'response')) as [IncomingMessage];
    return new FeedStream(response);
  }

  of(event: string): FeedEvent[] {
    return this.told.filter((one) => one.event === event);
  }

  /** The last id that was received. */
  get lastId(): string {
    return this.told.findLast(({ id }) => id !== undefined)!.id!;
  }

  leave(): void {
    this.response.destroy();
  }

  private read(text: string): void {
    const blocks = (this.rest + text).split('\n\n');
    this.rest = blocks.pop()!;
    for (const block of blocks) this.told.push(eventOf(block));
  }
}

function eventOf(block: string): FeedEvent {
  const fields = Object.fromEntries(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return fields as unknown as FeedEvent;
}
