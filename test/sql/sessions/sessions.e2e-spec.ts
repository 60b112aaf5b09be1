import { createHmac, randomUUID } from 'node:crypto';
import { Controller, Get, Injectable } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { AuthModule, Clock, CurrentPrincipal } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { Database, PersistenceModule } from 'postern/persistence';
import type { DomainEvent } from 'postern/persistence';
import { AuthError, ProblemModule } from 'postern/problem';
import {
  ClaimsProvider,
  SessionCleanup,
  LoginPolicy,
  RefreshTokenReused,
  SessionRefreshed,
  SessionRevoked,
  SessionStarted,
  SessionsModule,
  SessionsService,
} from 'postern/sessions';
import type { LoginAttempt, SessionsSettings, TokenPair } from 'postern/sessions';
import {
  DatabaseRevocationPublisher,
  DatabaseRevocationSource,
  RevocationsModule,
  RevocationCleanup,
} from 'postern/revocations';
import type { RevocationsSettings } from 'postern/revocations';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import {
  AccessTokens,
  RevokeKey,
  KeyRingVerificationKeys,
  KeyRotation,
  KeyRing,
  TokensModule,
  TokenSigner,
} from 'postern/tokens';
import { User, RelatedColumn, UsersModule, UsersService } from 'postern/users';
import type { UserBase } from 'postern/users';
import { until } from '../../support/until.js';

const issuer = 'https://id.example.test';
const audience = 'orders';
const secret = 'a secret of this test alone, 0123456789';
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';

/** A short time, so that signing keys do not expire when the clock moves forward. */
const terms = { refreshTokenLifetimeSeconds: 3600, sessionMaximumSeconds: 9000 };

/** The system clock, which a test can only move forward. */
@Injectable()
class HandClock extends Clock {
  ahead = 0;

  override now(): number {
    return Date.now() + this.ahead;
  }
}

const WAITING = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;

class HouseClosedError extends AuthError {
  readonly code = 'house-closed';
  readonly status = 403;
  readonly title = 'The house is closed.';
}

/** Rejects or throws when the test requests it. */
@Injectable()
class HousePolicy extends LoginPolicy {
  answer: 'admit' | 'refuse' | 'break' = 'admit';
  asked: LoginAttempt[] = [];
  held: Promise<void> | undefined;

  async check(_user: UserBase, attempt: LoginAttempt): Promise<void> {
    this.asked.push(attempt);
    await this.held;
    if (this.answer === 'refuse') throw new HouseClosedError();
    if (this.answer === 'break') throw new Error('the house has no door');
  }
}

@Injectable()
class HouseClaims extends ClaimsProvider {
  claims() {
    return { roles: ['guest'], scopes: ['rooms:read'], house: 'rose' };
  }
}

@Injectable()
class EventLog {
  readonly told: DomainEvent[] = [];

  @OnEvent(SessionStarted.type)
  @OnEvent(SessionRefreshed.type)
  @OnEvent(SessionRevoked.type)
  @OnEvent(RefreshTokenReused.type)
  note(event: DomainEvent): void {
    this.told.push(event);
  }
}

@Controller('here')
class HereController {
  @Get()
  here(@CurrentPrincipal() principal: Principal): Principal {
    return principal;
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly code?: string };
}

/** A server of the issuer. */
class Server {
  private constructor(
    readonly app: NestFastifyApplication | NestExpressApplication,
    private readonly url: string,
  ) {}

  static async open(
    databaseUrl: string,
    { longestTokenLifetimeSeconds, ...settings }: SessionsSettings & RevocationsSettings = {},
    adapter: 'fastify' | 'express' = 'fastify',
    secrets: readonly string[] = [secret],
  ): Promise<Server> {
    const [current = secret, ...previousSecrets] = secrets;
    const moduleRef = await Test.createTestingModule({
      imports: [
        ProblemModule.forRoot({}),
        PersistenceModule.forRoot({ databaseUrl, poolSize: 9 }),
        AuthModule.forRoot({
          issuer,
          audience,
          keys: KeyRingVerificationKeys,
          clock: HandClock,
          revocationSource: DatabaseRevocationSource,
          revocationPublisher: DatabaseRevocationPublisher,
        }),
        TokensModule.forRoot({ issuer, audience, secret: current, previousSecrets }),
        UsersModule.forRoot({ user: User }),
        RevocationsModule.forRoot({ longestTokenLifetimeSeconds }),
        SessionsModule.forRoot({ ...settings, policies: [HousePolicy], claims: HouseClaims }),
      ],
      controllers: [HereController],
      providers: [EventLog],
    }).compile();
    const app =
      adapter === 'fastify'
        ? moduleRef.createNestApplication<NestFastifyApplication>(new FastifyAdapter())
        : moduleRef.createNestApplication<NestExpressApplication>(new ExpressAdapter());
    await app.listen(0, '127.0.0.1');
    return new Server(app, await app.getUrl());
  }

  get clock(): HandClock {
    return this.app.get(Clock);
  }

  get events(): DomainEvent[] {
    return this.app.get(EventLog).told;
  }

  get policy(): HousePolicy {
    return this.app.get(HousePolicy);
  }

  get sessions(): SessionsService {
    return this.app.get(SessionsService);
  }

  get users(): UsersService {
    return this.app.get(UsersService);
  }

  async newUser(): Promise<UserBase> {
    return this.users.create({ email: `ada-${performance.now()}-${Math.random()}@example.test` });
  }

  start(user: UserBase, userAgent = firefox): Promise<TokenPair> {
    return this.sessions.start(user, { userAgent, ipAddress: '203.0.113.7', amr: ['pwd'] });
  }

  async call(method: string, path: string, { token, body }: { token?: string; body?: unknown } = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'user-agent': firefox,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : {} };
  }

  refresh(refreshToken: unknown): Promise<Answer> {
    return this.call('POST', '/auth/refresh', { body: { refresh_token: refreshToken } });
  }

  async accepts(accessToken: string): Promise<boolean> {
    const { status } = await this.call('GET', '/here', { token: accessToken });
    if (status !== 200 && status !== 401) throw new Error(`Neither accepted nor rejected: ${status}`);
    return status === 200;
  }

  told<E extends DomainEvent>(type: new (...all: never[]) => E): E[] {
    return this.events.filter((event): event is E => event instanceof type);
  }
}

describe('sessions', () => {
  let database: TestDatabase;
  let server: Server;
  let twin: Server;
  let user: UserBase;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await Server.open(database.url, terms);
    twin = await Server.open(database.url, terms);
  });
  afterAll(async () => {
    await server?.app.close();
    await twin?.app.close();
    await database?.drop();
  });
  beforeEach(async () => {
    for (const one of [server, twin]) {
      one.policy.answer = 'admit';
      one.policy.asked = [];
      one.events.length = 0;
    }
    user = await server.newUser();
  });

  const waitSeconds = (seconds: number): void => {
    server.clock.ahead += seconds * 1000;
    twin.clock.ahead += seconds * 1000;
  };

  it('a session starts with an access token that the guard accepts and that carries few claims', async () => {
    const pair = await server.start(user);
    const { status, body } = await server.call('GET', '/here', { token: pair.accessToken });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      subject: user.id,
      sessionId: pair.sessionId,
      amr: ['pwd'],
      roles: ['guest'],
      scopes: ['rooms:read'],
      claims: { house: 'rose' },
    });
    expect(pair).toMatchObject({ expiresInSeconds: 900, refreshExpiresInSeconds: 3600 });
    expect(server.told(SessionStarted)).toMatchObject([
      { userId: user.id, sessionId: pair.sessionId, userAgent: firefox, ipAddress: '203.0.113.7', amr: ['pwd'] },
    ]);
  });

  it('the start fails if a revocation would be deleted before its token expires', async () => {
    await expect(Server.open(database.url, { longestTokenLifetimeSeconds: 899 })).rejects.toThrow(
      /`longestTokenLifetimeSeconds: 899`.*live for 900 seconds.*raise `longestTokenLifetimeSeconds`/,
    );
  });

  it('the session routes reject a token whose session or subject belongs to another issuer', async () => {
    const tokens = server.app.get(AccessTokens);
    const strange = [
      { subject: user.id, sessionId: 'x' },
      { subject: 'orders', sessionId: randomUUID() },
      { subject: 'orders' },
    ];
    const routes = [
      ['POST', '/auth/logout'],
      ['POST', '/auth/logout-all'],
      ['GET', '/auth/sessions'],
      ['DELETE', `/auth/sessions/${randomUUID()}`],
    ] as const;
    for (const claims of strange) {
      const { token } = await tokens.issue(claims);
      for (const [method, path] of routes) {
        const { status, body } = await server.call(method, path, { token });
        expect([method, path, status, body.code]).toEqual([method, path, 403, 'session-missing']);
      }
    }
  });

  it('the database stores no value that could be presented as a token', async () => {
    const { refreshToken } = await server.start(user);
    const rows = await server.app.get(Database).manager.query('SELECT s::text AS row FROM sessions s');
    const secretPart = Buffer.from(refreshToken.slice(4), 'base64url').subarray(21);
    for (const { row } of rows as { row: string }[]) expect(row).not.toContain(secretPart.toString('hex'));
  });

  describe('refreshing', () => {
    it('a refresh returns a successor in the format of RFC 6749 and keeps the session', async () => {
      const first = await server.start(user);
      const second = await server.refresh(first.refreshToken);
      expect(second.status).toBe(200);
      expect(second.body).toEqual({
        access_token: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
        token_type: 'Bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(/^prt_[\w-]{71}$/),
        refresh_expires_in: expect.any(Number),
      });
      expect(second.body.refresh_token).not.toBe(first.refreshToken);
      expect(await server.accepts(second.body.access_token as string)).toBe(true);
      expect((await twin.refresh(second.body.refresh_token)).status).toBe(200);
      expect(server.told(SessionRefreshed)).toMatchObject([{ userId: user.id, sessionId: first.sessionId }]);
    });

    it('a repeated refresh within the grace window returns the same refresh token with a new access token', async () => {
      const { refreshToken } = await server.start(user);
      const once = await server.refresh(refreshToken);
      waitSeconds(9);
      const again = await twin.refresh(refreshToken);
      expect(again.body.refresh_token).toBe(once.body.refresh_token);
      expect(again.body.access_token).not.toBe(once.body.access_token);
      expect(await server.accepts(again.body.access_token as string)).toBe(true);
    });

    it('R1: reuse of a refresh token after the grace window revokes the session with all its tokens', async () => {
      const first = await server.start(user);
      const second = await server.refresh(first.refreshToken);
      waitSeconds(11);
      const stolen = await server.refresh(first.refreshToken);
      expect([stolen.status, stolen.body.code]).toEqual([401, 'refresh-token-invalid']);
      expect((await twin.refresh(second.body.refresh_token)).status).toBe(401);
      expect(await server.accepts(first.accessToken)).toBe(false);
      expect(await server.accepts(second.body.access_token as string)).toBe(false);
      expect(server.told(RefreshTokenReused)).toMatchObject([{ userId: user.id, sessionId: first.sessionId }]);
      expect(server.told(SessionRevoked)).toMatchObject([
        { sessionId: first.sessionId, reason: 'refresh-token-reused' },
      ]);
      expect((await server.refresh(first.refreshToken)).status).toBe(401);
      expect(server.told(RefreshTokenReused)).toHaveLength(1);
    });

    it('R5: reuse of a refresh token within the grace window revokes the session if its successor was used', async () => {
      const first = await server.start(user);
      const second = await server.refresh(first.refreshToken);
      const third = await server.refresh(second.body.refresh_token);
      expect((await server.refresh(first.refreshToken)).status).toBe(401);
      expect((await server.refresh(third.body.refresh_token)).status).toBe(401);
      expect(server.told(RefreshTokenReused)).toHaveLength(1);
    });

    it('a refresh token whose rotation the database has lost is not reuse, and the session stays alive', async () => {
      const first = await server.start(user);
      const second = await server.refresh(first.refreshToken);
      // Simulates a failover to a standby that had not received the rotation.
      const lose = 'UPDATE sessions SET generation = 0, rotated_at = NULL WHERE id = $1';
      await server.app.get(Database).manager.query(lose, [first.sessionId]);
      const [third, same] = await Promise.all([
        server.refresh(second.body.refresh_token),
        twin.refresh(second.body.refresh_token),
      ]);
      expect([third.status, same.status]).toEqual([200, 200]);
      expect(same.body.refresh_token).toBe(third.body.refresh_token);
      expect((await server.refresh(third.body.refresh_token)).status).toBe(200);
      expect([...server.told(RefreshTokenReused), ...twin.told(RefreshTokenReused)]).toEqual([]);
      expect((await server.refresh(first.refreshToken)).status).toBe(401);
      expect(server.told(RefreshTokenReused)).toHaveLength(1);
    });

    it('reuse of a refresh token revokes the session although the caller rolls back', async () => {
      const { refreshToken, sessionId } = await server.start(user);
      await server.refresh(refreshToken);
      waitSeconds(11);
      const held = server.app.get(Database);
      const work = held.transaction(() => server.sessions.refresh(refreshToken, { amr: [] }));
      await expect(work).rejects.toMatchObject({ code: 'refresh-token-invalid' });
      expect((await server.sessions.list(user.id)).map(({ id }) => id)).not.toContain(sessionId);
    });

    it('R2: 200 parallel refreshes of one token at two servers get one successor, and the session stays alive', async () => {
      for (const parallel of [2, 10, 50, 200]) {
        const { refreshToken } = await server.start(user);
        const turns = Array.from({ length: parallel }, (_, turn) => (turn % 2 ? server : twin).refresh(refreshToken));
        const answers = await Promise.all(turns);
        expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
        const successors = new Set(answers.map(({ body }) => body.refresh_token));
        expect(successors.size).toBe(1);
        expect(successors).not.toContain(refreshToken);
        expect(await server.accepts(answers.at(-1)!.body.access_token as string)).toBe(true);
        expect((await server.refresh([...successors][0])).status).toBe(200);
      }
      const refreshed = [...server.told(SessionRefreshed), ...twin.told(SessionRefreshed)];
      expect(refreshed).toHaveLength(8);
      expect(server.told(RefreshTokenReused)).toHaveLength(0);
    });

    it('all rejected refresh tokens get the same answer: malformed, forged, unknown, expired, ended, reused', async () => {
      const expired = await server.start(user);
      waitSeconds(3600);
      const { refreshToken, sessionId } = await server.start(user);
      const ended = await server.start(user);
      await server.sessions.revoke(ended.sessionId, 'test');
      const spent = await server.start(user);
      await server.refresh(spent.refreshToken);
      waitSeconds(11);

      const bytes = Buffer.from(refreshToken.slice(4), 'base64url');
      const forged = Buffer.concat([bytes.subarray(0, 21), Buffer.alloc(32, 7)]);
      const unknown = Buffer.concat([bytes.subarray(0, 1), Buffer.alloc(16, 7), bytes.subarray(17)]);
      const later = Buffer.from(bytes);
      later.writeUInt32BE(5, 17);
      const tokens = [
        'x',
        `${refreshToken}=`,
        refreshToken.slice(0, -1),
        ...[forged, unknown, later].map((one) => `prt_${one.toString('base64url')}`),
        expired.refreshToken,
        ended.refreshToken,
        spent.refreshToken,
      ];
      const answers = [];
      for (const token of tokens) answers.push(await server.refresh(token));
      const bodies = answers.map(({ body }) => JSON.stringify({ ...body, instance: undefined }));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      expect(new Set(bodies).size).toBe(1);
      expect(answers[0]!.body.code).toBe('refresh-token-invalid');
      expect(answers[0]!.headers.get('www-authenticate')).toMatch(/^Bearer/);
      expect(answers.filter(({ body }) => JSON.stringify(body).includes('prt_'))).toEqual([]);
      expect((await server.sessions.list(user.id)).map(({ id }) => id)).toContain(sessionId);
      expect((await server.refresh(refreshToken)).status).toBe(200);
    });

    it('a forged tag for the current session and generation does not rotate the token', async () => {
      const { refreshToken } = await server.start(user);
      const bytes = Buffer.from(refreshToken.slice(4), 'base64url');
      const tag = createHmac('sha256', 'guess').update(bytes.subarray(1, 21)).digest();
      await server.refresh(`prt_${Buffer.concat([bytes.subarray(0, 21), tag]).toString('base64url')}`);
      expect(server.told(SessionRefreshed)).toHaveLength(0);
      expect((await server.sessions.list(user.id))[0]!.generation).toBe(0);
    });

    it.each([[''], [null], [undefined], [0], [[]], [{}], ['long '.repeat(120)]])(
      'a refresh with %.20j is answered with 400',
      async (token) => {
        expect((await server.refresh(token)).status).toBe(400);
      },
    );

    it('a session ends after its idle time and after its maximum lifetime', async () => {
      const idle = await server.start(user);
      waitSeconds(3600);
      expect((await server.refresh(idle.refreshToken)).status).toBe(401);

      let { refreshToken } = await server.start(user);
      for (const left of [3600, 3600, 3000, 1000, 0]) {
        waitSeconds(2000);
        const { status, body } = await server.refresh(refreshToken);
        expect(status).toBe(left === 0 ? 401 : 200);
        if (left > 0) expect(Math.abs((body.refresh_expires_in as number) - left)).toBeLessThan(60);
        if (left > 0) refreshToken = body.refresh_token as string;
      }
    });

    it('a refresh calls the login policies again, and a rejection ends the session', async () => {
      const { refreshToken, accessToken, sessionId } = await server.start(user);
      server.policy.answer = 'refuse';
      const { status, body } = await server.refresh(refreshToken);
      expect([status, body.code]).toEqual([401, 'refresh-token-invalid']);
      expect(server.policy.asked.map(({ kind, amr }) => [kind, amr])).toEqual([
        ['login', ['pwd']],
        ['refresh', ['pwd']],
      ]);
      expect(server.told(SessionRevoked)).toMatchObject([{ sessionId, reason: 'refused-by-policy' }]);
      expect(await server.accepts(accessToken)).toBe(false);
      server.policy.answer = 'admit';
      expect((await server.refresh(refreshToken)).status).toBe(401);
    });

    it('a delayed refresh token gets its own successor and no later one', async () => {
      const { refreshToken } = await server.start(user);
      let release = (): void => undefined;
      server.policy.held = new Promise((resolve) => (release = resolve));
      const late = server.refresh(refreshToken);
      await until(() => server.policy.asked.some(({ kind }) => kind === 'refresh'));
      server.policy.held = undefined;
      const first = await server.refresh(refreshToken);
      const second = await server.refresh(first.body.refresh_token);
      release();
      expect((await late).body).toMatchObject({ code: 'refresh-token-invalid' });
      expect((await server.refresh(second.body.refresh_token as string)).status).toBe(200);
    });

    it('an error in a login policy keeps the session and does not spend the token', async () => {
      const { refreshToken } = await server.start(user);
      server.policy.answer = 'break';
      expect((await server.refresh(refreshToken)).status).toBe(500);
      server.policy.answer = 'admit';
      expect((await server.refresh(refreshToken)).status).toBe(200);
    });

    it('no replica rejects a token, a start or a new key while the instance secret changes in three steps', async () => {
      const own = await createTestDatabase();
      const next = 'quite another secret of this test, 9876543210';
      const steps = [[secret], [secret, next], [next, secret], [next]];
      const running: Server[] = [];
      const open = async (secrets: readonly string[]): Promise<Server> => {
        const one = await Server.open(own.url, {}, 'fastify', secrets);
        running.push(one);
        return one;
      };
      try {
        let replica = await open(steps[0]!);
        let refreshToken = (await replica.start(await replica.newUser())).refreshToken;
        for (const step of steps.slice(1)) {
          const former = replica;
          const successor = await open(step);
          // Replaces half of the replicas, and restarts one of the others.
          const again = await open(steps[steps.indexOf(step) - 1]!);
          replica = await open(step);
          for (const one of [former, successor, again, replica, former]) {
            const { status, body } = await one.refresh(refreshToken);
            expect([step, status]).toEqual([step, 200]);
            refreshToken = String(body.refresh_token);
            for (const other of running) expect(await other.accepts(String(body.access_token))).toBe(true);
          }
          for (const one of [again, replica]) {
            const [made] = await one.app.get(KeyRotation).rotate();
            for (const other of running) {
              await other.app.get(KeyRing).refresh();
              expect(other.app.get(KeyRing).published()).toContainEqual(expect.objectContaining({ kid: made!.kid }));
            }
            // Revokes the key, so that the next replica creates one.
            await one.app.get(RevokeKey).kill(made!.kid);
          }
          for (const one of running.filter((each) => each !== replica)) await one.app.close();
          running.splice(0, Infinity, replica);
        }
      } finally {
        await Promise.all(running.map((one) => one.app.close()));
        await own.drop();
      }
    });

    it('a session survives a change of the instance secret, and its tokens of the old secret end with that secret', async () => {
      const own = await createTestDatabase();
      const next = 'quite another secret of this test, 9876543210';
      const inTurn = async <T>(secrets: string[], work: (one: Server) => Promise<T>): Promise<T> => {
        const one = await Server.open(own.url, {}, 'fastify', secrets);
        try {
          return await work(one);
        } finally {
          await one.app.close();
        }
      };
      try {
        const [lazy, busy] = await inTurn([secret], async (one) => {
          const owner = await one.newUser();
          return [await one.start(owner), await one.start(owner)] as const;
        });
        const successor = await inTurn([next, secret], async (one) => {
          const { status, body } = await one.refresh(busy.refreshToken);
          expect(status).toBe(200);
          return body.refresh_token;
        });
        await inTurn([next], async (one) => {
          expect((await one.refresh(successor)).status).toBe(200);
          expect((await one.refresh(lazy.refreshToken)).status).toBe(401);
        });
      } finally {
        await own.drop();
      }
    });
  });

  describe('a disabled user', () => {
    it('login and refresh reject a disabled user, and the guard rejects the user’s access tokens at once', async () => {
      const { refreshToken, accessToken } = await server.start(user);
      expect(await server.accepts(accessToken)).toBe(true);
      await server.users.disable(user.id);
      expect(await server.accepts(accessToken)).toBe(false);
      expect((await server.refresh(refreshToken)).status).toBe(401);
      const disabled = (await server.users.findById(user.id))!;
      await expect(server.start(disabled)).rejects.toMatchObject({ code: 'account-disabled', status: 403 });
      await until(async () => !(await twin.accepts(accessToken)));
    });

    it('a login that began before the user was disabled starts no session', async () => {
      const asRead = (await server.users.findById(user.id))!;
      await server.users.disable(user.id);
      await expect(server.start(asRead)).rejects.toMatchObject({ code: 'account-disabled' });
    });

    it('enabling a user restores no old session and keeps a new one', async () => {
      const { refreshToken } = await server.start(user);
      await server.users.disable(user.id);
      expect(await server.sessions.list(user.id)).toEqual([]);
      await server.users.enable(user.id);
      const { accessToken, sessionId } = await server.start((await server.users.findById(user.id))!);
      expect((await server.refresh(refreshToken)).status).toBe(401);
      expect(await server.accepts(accessToken)).toBe(true);
      expect((await server.sessions.list(user.id)).map(({ id }) => id)).toEqual([sessionId]);
    });

    it('a session that starts after enabling survives although disabling took until the next second', async () => {
      const { sessionId } = await server.start(user);
      const elsewhere = twin.app.get(Database);
      let disabling: Promise<unknown> = Promise.resolve();
      await elsewhere.transaction(async () => {
        await elsewhere.manager.query('SELECT 1 FROM sessions WHERE id = $1 FOR UPDATE', [sessionId]);
        disabling = server.users.disable(user.id);
        await until(async () => (await elsewhere.manager.query<unknown[]>(WAITING)).length > 0);
        waitSeconds(1);
      });
      await disabling;
      await server.users.enable(user.id);
      const { accessToken } = await server.start((await server.users.findById(user.id))!);
      expect(await server.accepts(accessToken)).toBe(true);
    });

    it('sessions and tokens survive when the transaction that disables the user rolls back', async () => {
      const { refreshToken, accessToken } = await server.start(user);
      const failing = server.app.get(Database).transaction(async () => {
        await server.users.disable(user.id);
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      expect(await server.accepts(accessToken)).toBe(true);
      expect((await server.refresh(refreshToken)).status).toBe(200);
    });

    it('no token works after disabling a user races with logins and refreshes', async () => {
      for (let round = 0; round < 10; round += 1) {
        const racer = await server.newUser();
        const { refreshToken } = await server.start(racer);
        const tokens: string[] = [];
        const keep = ({ accessToken }: TokenPair) => void tokens.push(accessToken);
        const attempts = Array.from({ length: 10 }, (_, turn) =>
          turn % 2 ? server.start(racer).then(keep) : server.sessions.refresh(refreshToken, { amr: [] }).then(keep),
        );
        await Promise.allSettled([...attempts, server.users.disable(racer.id)]);
        expect(await server.sessions.list(racer.id)).toEqual([]);
        for (const token of tokens) expect(await server.accepts(token)).toBe(false);
      }
    });
  });

  describe('with a precondition on a table of the team', () => {
    const fact = new RelatedColumn('passkeys', 'key');
    const context = { userAgent: firefox, amr: ['hwk'] };
    const other = () => twin.app.get(Database);

    beforeAll(() =>
      server.app.get(Database).manager.query('CREATE TABLE passkeys (user_id uuid PRIMARY KEY, key text)'),
    );
    beforeEach(() => other().manager.query("INSERT INTO passkeys VALUES ($1, 'k1')", [user.id]));

    const start = (value = 'k1') => server.sessions.startProven(user, context, { column: fact, value });
    const change = () => other().manager.query("UPDATE passkeys SET key = 'k2' WHERE user_id = $1", [user.id]);

    it('a session starts only if its precondition still holds and the user is enabled', async () => {
      const pair = await start();
      expect(await server.accepts(pair!.accessToken)).toBe(true);
      expect(server.told(SessionStarted)).toMatchObject([
        { userId: user.id, sessionId: pair!.sessionId, amr: ['hwk'] },
      ]);
      await expect(start('k2')).resolves.toBeUndefined();
      await change();
      await expect(start()).resolves.toBeUndefined();
      await expect(start('k2')).resolves.toBeDefined();
      await server.users.disable(user.id);
      await expect(start('k2')).resolves.toBeUndefined();
      await server.users.enable(user.id);
      await other().manager.query('DELETE FROM passkeys WHERE user_id = $1', [user.id]);
      await expect(start('k2')).resolves.toBeUndefined();
      expect(server.told(SessionStarted)).toHaveLength(2);
      expect(await server.sessions.list(user.id)).toEqual([]);
    });

    it('a session start waits for a concurrent change of its precondition', async () => {
      for (const [ending, begins] of [
        ['committed', false],
        ['rolled back', true],
      ] as const) {
        let starting: Promise<TokenPair | undefined> = Promise.resolve(undefined);
        const changing = other().transaction(async () => {
          await change();
          starting = start();
          await until(async () => (await other().manager.query<unknown[]>(WAITING)).length > 0);
          if (ending === 'rolled back') throw new Error(ending);
        });
        await changing.catch(() => undefined);
        expect((await starting) !== undefined).toBe(begins);
        await other().manager.query("UPDATE passkeys SET key = 'k1' WHERE user_id = $1", [user.id]);
      }
    });

    it('a session does not survive a concurrent change of its precondition', async () => {
      for (let round = 0; round < 20; round += 1) {
        user = await server.newUser();
        await other().manager.query("INSERT INTO passkeys VALUES ($1, 'k1')", [user.id]);
        const changing = other().transaction(async () => {
          await change();
          await twin.sessions.revokeAll(user.id, { reason: 'key-changed' });
        });
        await Promise.all([...Array.from({ length: 8 }, () => start()), changing]);
        expect(await server.sessions.list(user.id)).toEqual([]);
      }
    });
  });

  describe('a deleted user', () => {
    it('no session and no token of a deleted user works', async () => {
      const { refreshToken, accessToken } = await server.start(user);
      await server.users.remove(user.id);
      expect(await server.accepts(accessToken)).toBe(false);
      expect((await server.refresh(refreshToken)).status).toBe(401);
    });
  });

  describe('ending', () => {
    it('a logout revokes the session and its tokens at once locally, and within a second at the other server', async () => {
      const { refreshToken, accessToken, sessionId } = await server.start(user);
      const other = await server.start(user);
      const { status } = await server.call('POST', '/auth/logout', { token: accessToken });
      const ended = performance.now();
      expect(status).toBe(204);
      expect(await server.accepts(accessToken)).toBe(false);
      await until(async () => !(await twin.accepts(accessToken)));
      expect(performance.now() - ended).toBeLessThan(1000);
      expect((await server.refresh(refreshToken)).status).toBe(401);
      expect(await server.accepts(other.accessToken)).toBe(true);
      expect(server.told(SessionRevoked)).toMatchObject([{ userId: user.id, sessionId, reason: 'logout' }]);
    });

    it('logout-all revokes every session of the user, but no session that starts in the same second', async () => {
      const stranger = await server.start(await server.newUser());
      const all = [await server.start(user), await server.start(user), await server.start(user)];
      expect((await server.call('POST', '/auth/logout-all', { token: all[0]!.accessToken })).status).toBe(204);
      const next = await server.start(user);
      for (const { accessToken, refreshToken } of all) {
        expect(await server.accepts(accessToken)).toBe(false);
        expect((await server.refresh(refreshToken)).status).toBe(401);
      }
      for (const { accessToken } of [next, stranger]) expect(await server.accepts(accessToken)).toBe(true);
    });

    it('ending all sessions can spare one session', async () => {
      const [kept, gone] = [await server.start(user), await server.start(user)];
      expect(await server.sessions.revokeAll(user.id, { except: kept.sessionId, reason: 'password-changed' })).toBe(1);
      expect([await server.accepts(kept.accessToken), await server.accepts(gone.accessToken)]).toEqual([true, false]);
    });

    it('a logout in a transaction that rolls back ends no session', async () => {
      const { accessToken, sessionId } = await server.start(user);
      const work = server.app.get(Database).transaction(async () => {
        await server.sessions.revoke(sessionId, 'test');
        throw new Error('no');
      });
      await expect(work).rejects.toThrow('no');
      expect(await server.accepts(accessToken)).toBe(true);
      expect(server.told(SessionRevoked)).toEqual([]);
    });

    it('S7: no token works after a logout races with refreshes, 200 times', async () => {
      for (let round = 0; round < 200; round += 1) {
        const { refreshToken, accessToken } = await server.start(user);
        const [one, two, out] = await Promise.all([
          server.refresh(refreshToken),
          server.refresh(refreshToken),
          server.call('POST', '/auth/logout', { token: accessToken }),
        ]);
        expect(out.status).toBe(204);
        expect(await server.accepts(accessToken)).toBe(false);
        for (const { status, body } of [one, two]) {
          expect([200, 401]).toContain(status);
          if (status === 401) continue;
          expect(await server.accepts(body.access_token as string)).toBe(false);
          expect((await server.refresh(body.refresh_token)).status).toBe(401);
        }
      }
    });

    it('R6: a logout remains in effect after a restart of the server', async () => {
      const { refreshToken, accessToken, sessionId } = await server.start(user);
      await server.sessions.revoke(sessionId, 'logout');
      const other = await server.start(user);
      const restarted = await Server.open(database.url, terms);
      restarted.clock.ahead = server.clock.ahead;
      expect(await restarted.accepts(other.accessToken)).toBe(true);
      expect(await restarted.accepts(accessToken)).toBe(false);
      expect((await restarted.refresh(refreshToken)).status).toBe(401);
      await restarted.app.close();
    });
  });

  describe.each(['fastify', 'express'] as const)('on %s', (adapter) => {
    let here: Server;
    beforeAll(async () => (here = await Server.open(database.url, terms, adapter)));
    afterAll(() => here?.app.close());

    it('owners list their sessions with device, address, first use, last use, and the current one', async () => {
      const phone = await here.start(user, 'AcmeMobile/3.1 (iPhone; iOS 18.1)');
      const first = await here.start(user);
      await here.start(await here.newUser());
      const { body: refreshed } = await here.refresh(first.refreshToken);
      const { status, body } = await here.call('GET', '/auth/sessions', { token: refreshed.access_token as string });
      expect(status).toBe(200);
      const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
      const instants = { firstSeenAt: instant, lastUsedAt: instant, expiresAt: instant };
      expect(body).toEqual([
        {
          id: first.sessionId,
          device: 'Firefox on Linux',
          userAgent: firefox,
          ipAddress: expect.stringMatching(/127\.0\.0\.1$/),
          current: true,
          ...instants,
        },
        {
          id: phone.sessionId,
          device: 'AcmeMobile on iOS',
          userAgent: 'AcmeMobile/3.1 (iPhone; iOS 18.1)',
          ipAddress: '203.0.113.7',
          current: false,
          ...instants,
        },
      ]);
    });

    it('I1: only the owner can end a session, and every other id gets the same 404', async () => {
      const [mine, phone] = [await here.start(user), await here.start(user)];
      const foreign = await here.start(await here.newUser());
      const end = (id: string) => here.call('DELETE', `/auth/sessions/${id}`, { token: mine.accessToken });
      expect((await end(phone.sessionId)).status).toBe(204);
      expect(await here.accepts(phone.accessToken)).toBe(false);
      const ids = [foreign.sessionId, phone.sessionId, '019abfc2-617b-7000-a1b2-c3d4e5f60718', 'x', "'"];
      const refused = await Promise.all(ids.map(end));
      expect(new Set(refused.map(({ status, body }) => `${status} ${body.code}`))).toEqual(
        new Set(['404 session-not-found']),
      );
      expect(await here.accepts(foreign.accessToken)).toBe(true);
    });

    const logOut = (refresh_token: unknown, token?: string) =>
      here.call('POST', '/auth/logout', { body: { refresh_token }, ...(token !== undefined && { token }) });
    const revoked = (sessionId: string) =>
      here
        .told(SessionRevoked)
        .filter((event) => event.sessionId === sessionId)
        .map(({ reason }) => reason);

    it.each(['no access token', 'an expired access token'])(
      'a logout with a refresh token and %s ends the session',
      async (kind) => {
        const issuedAt = Math.floor(here.clock.now() / 1000) - 7200;
        const { accessToken, refreshToken, sessionId } = await here.start(user);
        const token = await here.app
          .get(TokenSigner)
          .sign(
            { iss: issuer, aud: audience, sub: user.id, sid: sessionId, iat: issuedAt, exp: issuedAt + 60, jti: 'old' },
            { typ: 'at+jwt' },
          );
        expect((await logOut(refreshToken, kind === 'no access token' ? undefined : token)).status).toBe(204);
        expect(await here.accepts(accessToken)).toBe(false);
        expect((await here.refresh(refreshToken)).status).toBe(401);
        expect(revoked(sessionId)).toEqual(['logout']);
      },
    );

    it('a logout answers equally for a refresh token that is unknown, forged, spent, of an ended session, or valid', async () => {
      const [ended, alive] = [await here.start(user), await here.start(user)];
      await here.sessions.revoke(ended.sessionId, 'test');
      const forged = `${alive.refreshToken.slice(0, -1)}${alive.refreshToken.endsWith('A') ? 'Q' : 'A'}`;
      const answers = [];
      for (const token of ['x', `prt_${'A'.repeat(71)}`, forged, ended.refreshToken]) answers.push(await logOut(token));
      expect(await here.accepts(alive.accessToken)).toBe(true);
      answers.push(await logOut(alive.refreshToken), await logOut(alive.refreshToken));
      for (const { status, body } of answers) expect([status, body]).toEqual([204, {}]);
      expect(revoked(ended.sessionId)).toEqual(['test']);
      expect(revoked(alive.sessionId)).toEqual(['logout']);
    });

    it('a logout with an old refresh token counts as theft after the grace window, and as a logout within it', async () => {
      const [recent, old] = [await here.start(user), await here.start(user)];
      await here.refresh(old.refreshToken);
      here.clock.ahead += 11_000;
      await here.refresh(recent.refreshToken);
      for (const { refreshToken } of [recent, old]) expect((await logOut(refreshToken)).status).toBe(204);
      expect(revoked(recent.sessionId)).toEqual(['logout']);
      expect(revoked(old.sessionId)).toEqual(['refresh-token-reused']);
      expect(here.told(RefreshTokenReused)).toMatchObject([{ userId: user.id, sessionId: old.sessionId }]);
    });

    it('a logout with both tokens ends both sessions, and a service with a refresh token ends the session of it', async () => {
      const [one, other, third] = [await here.start(user), await here.start(user), await here.start(user)];
      expect((await logOut(other.refreshToken, one.accessToken)).status).toBe(204);
      const { token } = await here.app.get(AccessTokens).issue({ subject: 'orders' });
      expect((await logOut(third.refreshToken, token)).status).toBe(204);
      for (const { accessToken } of [one, other, third]) expect(await here.accepts(accessToken)).toBe(false);
    });

    it.each([[null], [7], [''], [['x']], ['x'.repeat(513)]])(
      'a logout with the refresh token %.20j is rejected and ends no session',
      async (value) => {
        const { accessToken } = await here.start(user);
        for (const token of [undefined, accessToken]) {
          const { status, body } = await logOut(value, token);
          expect([status, body.code]).toEqual([400, 'validation-failed']);
        }
        expect(await here.accepts(accessToken)).toBe(true);
      },
    );

    it.each([
      ['POST', '/auth/logout'],
      ['POST', '/auth/logout-all'],
      ['GET', '/auth/sessions'],
      ['DELETE', '/auth/sessions/019abfc2-617b-7000-a1b2-c3d4e5f60718'],
    ])('%s %s rejects a request without a token', async (method, path) => {
      const { status, headers } = await here.call(method, path);
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer/);
    });
  });

  describe('the session limit of one user', () => {
    let servers: Server[];

    beforeAll(async () => {
      servers = [];
      for (const sessionsPerUser of [3, 1, 1]) {
        servers.push(await Server.open(database.url, { ...terms, sessionsPerUser }));
      }
    });
    afterAll(() => Promise.all(servers.map(({ app }) => app.close())));
    beforeEach(() => servers.forEach(({ clock }) => (clock.ahead = server.clock.ahead)));

    const idsOf = async (): Promise<string[]> => (await server.sessions.list(user.id)).map(({ id }) => id);

    it('a login above the limit ends the session that was idle longest, here at once and elsewhere soon', async () => {
      const [narrow] = servers as [Server, ...Server[]];
      const started: TokenPair[] = [];
      for (let at = 0; at < 3; at += 1) started.push(await narrow.start(user));
      const [used, unused, last] = started as [TokenPair, TokenPair, TokenPair];
      narrow.clock.ahead += 1000;
      expect((await narrow.refresh(used.refreshToken)).status).toBe(200);
      expect(await narrow.accepts(unused.accessToken)).toBe(true);
      expect(await server.accepts(unused.accessToken)).toBe(true);
      narrow.clock.ahead += 1000;
      const next = await narrow.start(user);
      expect(await idsOf()).toEqual([next.sessionId, used.sessionId, last.sessionId]);
      expect(await narrow.accepts(unused.accessToken)).toBe(false);
      expect((await narrow.refresh(unused.refreshToken)).body.code).toBe('refresh-token-invalid');
      expect(narrow.told(SessionRevoked)).toMatchObject([
        { userId: user.id, sessionId: unused.sessionId, reason: 'too-many-sessions' },
      ]);
      await until(async () => !(await server.accepts(unused.accessToken)));
      for (const { accessToken } of [used, last, next]) expect(await server.accepts(accessToken)).toBe(true);
    });

    it('the session limit does not count ended, expired, or other users’ sessions', async () => {
      const [narrow] = servers as [Server, ...Server[]];
      const other = await server.newUser();
      for (const someone of [user, user, user, other, other, other]) await narrow.start(someone);
      const [, , last] = await idsOf();
      await server.sessions.revoke(last!, 'test');
      await narrow.start(user);
      expect(await server.sessions.list(other.id)).toHaveLength(3);
      expect(await idsOf()).toHaveLength(3);
      narrow.clock.ahead += 3601 * 1000;
      narrow.events.length = 0;
      for (let at = 0; at < 3; at += 1) await narrow.start(user);
      expect(narrow.told(SessionRevoked)).toEqual([]);
    });

    it('the next login reduces the sessions to a lowered limit', async () => {
      const [narrow] = servers as [Server, ...Server[]];
      for (let at = 0; at < 6; at += 1) await server.start(user);
      const { sessionId } = await narrow.start(user);
      const ids = await idsOf();
      expect(ids).toHaveLength(3);
      expect(ids).toContain(sessionId);
    });

    it('a limit of one session holds after any number of simultaneous logins at two servers: 20 times', async () => {
      for (let time = 0; time < 20; time += 1) {
        const started = await Promise.all(servers.slice(1).flatMap((one) => [one.start(user), one.start(user)]));
        const [left, ...more] = await idsOf();
        expect(more).toEqual([]);
        expect(started.map(({ sessionId }) => sessionId)).toContain(left);
      }
    });

    it('an invalid session limit stops the start', async () => {
      for (const sessionsPerUser of [0, 1.5, 10_001, Number.NaN]) {
        await expect(Server.open(database.url, { ...terms, sessionsPerUser })).rejects.toThrow(
          `\`sessionsPerUser: ${sessionsPerUser}\`: write a whole number from 1 to 10000, or leave it out for 1000.`,
        );
      }
    });
  });

  describe('session cleanup', () => {
    it.each([
      ['POST', '/auth/logout'],
      ['POST', '/auth/logout-all'],
    ])(
      'cleanup keeps an expired session while one of its tokens is valid, so that %s %s ends it',
      async (method, path) => {
        const own = await createTestDatabase();
        const keeper = await Server.open(own.url, { retentionSeconds: 0, refreshTokenLifetimeSeconds: 60 });
        try {
          const { accessToken: token } = await keeper.start(await keeper.newUser());
          keeper.clock.ahead += 61 * 1000;
          await keeper.app.get(SessionCleanup).sweep();
          expect(await keeper.accepts(token)).toBe(true);
          expect((await keeper.call(method, path, { token })).status).toBe(204);
          expect(await keeper.accepts(token)).toBe(false);
          keeper.clock.ahead += 86_400 * 1000;
          expect(await keeper.app.get(SessionCleanup).sweep()).toBe(1);
        } finally {
          await keeper.app.close();
          await own.drop();
        }
      },
    );

    it('cleanup deletes sessions some time after they have ended or expired, and keeps live ones', async () => {
      const own = await createTestDatabase();
      const keeper = await Server.open(own.url, { retentionSeconds: 3600, refreshTokenLifetimeSeconds: 7200 });
      try {
        const owner = await keeper.newUser();
        const ended = [await keeper.start(owner), await keeper.start(owner)];
        const expiring = await keeper.start(owner);
        const sweep = async () => ({
          revocations: await keeper.app.get(RevocationCleanup).sweep(),
          sessions: await keeper.app.get(SessionCleanup).sweep(),
        });
        for (const { sessionId } of ended) await keeper.sessions.revoke(sessionId, 'test');
        expect(await sweep()).toEqual({ sessions: 0, revocations: 0 });
        keeper.clock.ahead += 3601 * 1000;
        // The last revocation stays, because replicas recognize the database by it.
        expect(await sweep()).toEqual({ sessions: 2, revocations: 1 });
        keeper.clock.ahead += 1400 * 1000;
        const living = await keeper.start(owner);
        keeper.clock.ahead += 5801 * 1000;
        expect((await sweep()).sessions).toBe(1);
        expect((await keeper.refresh(expiring.refreshToken)).status).toBe(401);
        expect((await keeper.refresh(living.refreshToken)).status).toBe(200);
      } finally {
        await keeper.app.close();
        await own.drop();
      }
    });
  });
});
