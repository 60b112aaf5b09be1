import type { INestApplication, Type } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { createDecipheriv, createHash, generateKeyPairSync, hkdfSync, randomBytes } from 'node:crypto';
import { createLocalJWKSet, decodeProtectedHeader, exportJWK, jwtVerify, SignJWT } from 'jose';
import type { JSONWebKeySet } from 'jose';
import { AuthModule, Clock, JWT_ALGORITHMS, SystemClock } from 'postern/auth';
import { Database, PersistenceModule } from 'postern/persistence';
import { ProblemModule } from 'postern/problem';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import {
  AccessTokens,
  InstanceSecret,
  RevokeKey,
  KeyRingVerificationKeys,
  KeyRotation,
  KeyRing,
  SigningKeyActivated,
  TokenSigner,
  TokensModule,
} from 'postern/tokens';
import type { TokensSettings, TokensStructure } from 'postern/tokens';
import { DataSource } from 'typeorm';
import { ChildProcessSigningKeys } from '../fixtures/child-process-signer/child-process-signing-keys.js';
import { until } from '../support/until.js';

const issuer = 'https://id.example.com';
const audience = 'https://api.example.com';
const secret = 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc';
const seconds = 1000;

const quiet = () => undefined;
const warnings: string[] = [];
const silence = { log: quiet, error: quiet, warn: (line: string) => void warnings.push(line) };

/** The clock of every replica of a test. */
class TestClock extends Clock {
  static offset = 0;
  override now(): number {
    return Date.now() + TestClock.offset;
  }
}

/** The clock of a replica that is late. */
class LateClock extends TestClock {
  override now(): number {
    return super.now() - 30 * seconds;
  }
}

/** The system clock of a replica that jumps ahead by an hour. */
class LeapingClock extends SystemClock {
  hasLeapt = false;
  override now(): number {
    return super.now() + (this.hasLeapt ? 3600 * seconds : 0);
  }
}

const replicas: INestApplication[] = [];
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
  TestClock.offset = 0;
});

afterEach(async () => {
  await Promise.all(replicas.splice(0).map((replica) => replica.close()));
  await database.drop();
});

async function boot(
  settings: Partial<TokensSettings> = {},
  structure: TokensStructure = {},
  adapter: AbstractHttpAdapter = new FastifyAdapter(),
  clock: Type<Clock> = TestClock,
): Promise<INestApplication> {
  const algorithms = JWT_ALGORITHMS;
  const module = await Test.createTestingModule({
    imports: [
      ProblemModule.forRoot({}),
      PersistenceModule.forRoot({ databaseUrl: database.url, poolSize: 8 }),
      AuthModule.forRoot({ issuer, audience, algorithms: [...algorithms], keys: KeyRingVerificationKeys, clock }),
      TokensModule.forRoot({ issuer, audience, secret: `${secret}-1`, ...settings, ...structure }),
    ],
  })
    .setLogger(silence)
    .compile();
  const app = module.createNestApplication(adapter);
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close().catch(() => undefined);
    throw error;
  }
  replicas.push(app);
  return app;
}

type Json = Record<string, string>[];

interface Question {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function http(app: INestApplication, { url, ...rest }: Question) {
  const answer = await fetch(`${await app.getUrl()}${url}`, rest);
  const body = await answer.text();
  return {
    statusCode: answer.status,
    headers: Object.fromEntries(answer.headers),
    body,
    json: <T = Json>() => JSON.parse(body) as T,
  };
}

const jwksOf = async (app: INestApplication) =>
  (await http(app, { url: '/.well-known/jwks.json' })).json<JSONWebKeySet>();
const kidsOf = async (app: INestApplication) => (await jwksOf(app)).keys.map(({ kid }) => kid);
const tokenOf = async (app: INestApplication, scopes: string[] = []) =>
  (await app.get(AccessTokens).issue({ subject: 'alice', scopes })).token;
const rowsOf = (app: INestApplication) => app.get(DataSource).query('SELECT * FROM signing_keys ORDER BY active_at');
const kidOf = (token: string) => decodeProtectedHeader(token).kid as string;
const judged = async (token: string, jwks: JSONWebKeySet) =>
  jwtVerify(token, createLocalJWKSet(jwks), {
    issuer,
    audience,
    typ: 'at+jwt',
    currentDate: new Date(Date.now() + TestClock.offset),
  });
const call = (app: INestApplication, token: string, method: 'GET' | 'POST' = 'GET', url = '/keys') =>
  http(app, { method, url, headers: { authorization: `Bearer ${token}` } });

describe('The key ring', () => {
  it('ten replicas that start at once on an empty database create one key and its standby key', async () => {
    const ten = await Promise.all(Array.from({ length: 10 }, () => boot()));
    expect(await rowsOf(ten[0]!)).toHaveLength(2);
    const tokens = await Promise.all(ten.map((replica) => tokenOf(replica)));
    expect(new Set(tokens.map(kidOf)).size).toBe(1);
    for (const token of tokens) await judged(token, await jwksOf(ten[9]!));
  });

  it('each key is published for the cache lifetime before it signs, and until its last token has expired', async () => {
    const [one, two] = [await boot({ rotationDays: 1 }), await boot({ rotationDays: 1 })];
    const jwksCacheSeconds = 300;
    // Long steps during the day, and short steps around each change of keys.
    const times = Array.from({ length: 3 * 1152 - 12 }, (_, index) => index * 75).filter((time) => {
      const untilChange = 86_400 - (time % 86_400);
      return time % 7200 === 0 || untilChange <= 900 || 86_400 - untilChange <= 1500;
    });
    const activated: string[] = [];
    for (const replica of [one, two]) {
      const note = ({ keyId }: SigningKeyActivated) => activated.push(keyId);
      replica.get(EventEmitter2).on(SigningKeyActivated.type, note);
    }
    const issued: { token: string; expiresAt: number }[] = [];
    const firstSeen = new Map<string, number>();
    const firstSigned = new Map<string, number>();
    for (const elapsed of times) {
      TestClock.offset = elapsed * seconds;
      await Promise.all([one, two].map((replica) => replica.get(KeyRotation).tick()));
      await Promise.all([one, two].map((replica) => replica.get(KeyRing).refresh()));
      const jwks = await jwksOf(two);
      jwks.keys.forEach(({ kid }) => firstSeen.has(kid!) || firstSeen.set(kid!, elapsed));
      const { token, expiresInSeconds } = await one.get(AccessTokens).issue({ subject: 'alice' });
      if (!firstSigned.has(kidOf(token))) firstSigned.set(kidOf(token), elapsed);
      issued.push({ token, expiresAt: elapsed + expiresInSeconds });
      for (const live of issued.filter(({ expiresAt }) => expiresAt > elapsed)) {
        await judged(live.token, jwks);
        expect(await two.get(KeyRingVerificationKeys).find(issuer, kidOf(live.token))).toBeDefined();
      }
    }
    const [first, ...later] = [...firstSigned];
    expect(first![1]).toBe(0);
    expect(later).toHaveLength(2);
    for (const [kid, at] of later) expect(at - firstSeen.get(kid)!).toBeGreaterThanOrEqual(jwksCacheSeconds);
    // Any replica publishes the event, and only once; the first key was created before the listener was registered.
    expect(activated).toEqual(later.map(([kid]) => kid));
    // A retired key is deleted with its private half at once.
    expect(await kidsOf(two)).not.toContain(first![0]);
    const rows = await rowsOf(one);
    expect(rows.map((row: { private_encrypted: Buffer }) => row.private_encrypted.length > 28)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('a rotation by command needs no restart: the key is announced at once, signs after the lead time, and no token is rejected', async () => {
    const [one, two] = [await boot(), await boot()];
    const admin = await tokenOf(one, ['keys:write', 'keys:read']);
    const answer = await call(one, admin, 'POST', '/keys/rotate');
    expect(answer.statusCode).toBe(202);
    const [next] = answer.json<{ kid: string; state: string }[]>();
    expect(next).toMatchObject({ state: 'announced' });
    await until(async () => (await kidsOf(two)).includes(next!.kid), 1000);
    expect(kidOf(await tokenOf(two))).toBe(kidOf(admin));
    // A second command changes nothing.
    expect((await call(two, admin, 'POST', '/keys/rotate')).json()[0]!.kid).toBe(next!.kid);

    TestClock.offset = 371 * seconds;
    const after = await tokenOf(two);
    expect(kidOf(after)).toBe(next!.kid);
    expect((await call(one, admin)).statusCode).toBe(200);
    expect((await call(one, await tokenOf(two, ['keys:read']))).statusCode).toBe(200);
    await judged(admin, await jwksOf(one));
    await judged(after, await jwksOf(one));
  });

  it('a rotation is rejected for an algorithm without keys, and succeeds for one with keys', async () => {
    const app = await boot();
    const authorization = `Bearer ${await tokenOf(app, ['keys:write'])}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const rotate = (algorithm: string) =>
      http(app, { method: 'POST', url: '/keys/rotate', headers, body: JSON.stringify({ algorithm }) });
    const before = await rowsOf(app);
    const refused = await rotate('RS512');
    expect([refused.statusCode, refused.json()]).toEqual([
      400,
      expect.objectContaining({
        code: 'algorithm-not-configured',
        errors: [{ pointer: '/algorithm', detail: 'is not among the configured algorithms' }],
      }),
    ]);
    expect(await rowsOf(app)).toEqual(before);
    expect((await rotate('ES256')).statusCode).toBe(202);
  });

  it('the routes of the keys reject tokens without their scopes', async () => {
    const app = await boot();
    const token = await tokenOf(app, ['keys:read']);
    expect((await http(app, { url: '/keys' })).statusCode).toBe(401);
    expect((await call(app, token, 'POST', '/keys/rotate')).statusCode).toBe(403);
    expect((await call(app, token, 'POST', `/keys/${kidOf(token)}/kill`)).statusCode).toBe(403);
    const [standby, key] = (await call(app, token)).json();
    expect(standby).toMatchObject({ algorithm: 'ES256', state: 'announced' });
    expect(key).toMatchObject({ kid: kidOf(token), algorithm: 'ES256', state: 'active' });
    expect(JSON.stringify(key)).not.toMatch(/private|"d"/);
  });

  it('a revoked key leaves the JWKS, every replica rejects its tokens within a second, and the next key signs at once', async () => {
    const [one, two, three] = [await boot(), await boot(), await boot({ keyPollSeconds: 60 })];
    const token = await tokenOf(one, ['keys:read', 'keys:write']);
    for (const replica of [one, two, three]) expect((await call(replica, token)).statusCode).toBe(200);

    const answer = await call(one, token, 'POST', `/keys/${kidOf(token)}/kill`);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ state: 'killed' });
    expect((await call(one, token)).statusCode).toBe(401);
    // The third replica never polls; it receives a notification.
    for (const replica of [two, three]) {
      await until(async () => (await call(replica, token)).statusCode === 401, 1000);
      expect(await kidsOf(replica)).not.toContain(kidOf(token));
    }
    const successor = await tokenOf(two, ['keys:read']);
    expect(kidOf(successor)).not.toBe(kidOf(token));
    for (const replica of [one, two, three]) expect((await call(replica, successor)).statusCode).toBe(200);
    const [row] = await rowsOf(one);
    expect(row.private_encrypted.length).toBe(28);
    await expect(one.get(RevokeKey).kill('no-such-key')).rejects.toMatchObject({ code: 'key-not-found' });
  });

  it('a replica that misses the notification sees a revoked key within a second by polling', async () => {
    const [one, two] = [await boot(), await boot()];
    const token = await tokenOf(one, ['keys:read']);
    // An operator who uses psql without NOTIFY.
    await one.get(DataSource).query('UPDATE signing_keys SET killed_at = now() WHERE kid = $1', [kidOf(token)]);
    await until(async () => (await call(two, token)).statusCode === 401, 1000);
  });

  it.each(['ES256', 'RS256', 'Ed25519'] as const)(
    'a verifier that has cached the JWKS accepts the %s tokens of each next key after a kill',
    async (algorithm) => {
      const app = await boot({ algorithm, rsaBits: 2048 });
      const events: string[] = [];
      app.get(EventEmitter2).on(SigningKeyActivated.type, ({ keyId }: SigningKeyActivated) => events.push(keyId));
      const killed: string[] = [];
      for (let round = 0; round < 3; round += 1) {
        const cached = await jwksOf(app);
        expect(cached.keys).toHaveLength(2);
        const { kid } = decodeProtectedHeader(await tokenOf(app)) as { kid: string };
        expect((await app.get(RevokeKey).kill(kid)).retiredAt!.getTime()).toBeLessThanOrEqual(Date.now());
        killed.push(kid);
        const after = await tokenOf(app);
        expect(killed).not.toContain(kidOf(after));
        await judged(after, cached);
        expect(await kidsOf(app)).toContain(kidOf(after));
        expect(events.at(-1)).toBe(kidOf(after));
      }
      expect(await kidsOf(app)).toHaveLength(2);
      expect(events).toHaveLength(3);
    },
  );

  it('a command rotates to the standby key at once if every cache has it, and announces the next one', async () => {
    const app = await boot();
    const standby = (await kidsOf(app))[1];
    TestClock.offset = 371 * seconds;
    const cached = await jwksOf(app);
    const before = await tokenOf(app, ['keys:write']);
    const answer = await call(app, before, 'POST', '/keys/rotate');
    expect(answer.json()).toMatchObject([{ kid: standby, state: 'active' }]);
    const after = await tokenOf(app);
    expect(kidOf(after)).toBe(standby);
    for (const token of [before, after]) await judged(token, cached);
    expect(await kidsOf(app)).toHaveLength(3);
  });

  it('the standby key of an algorithm that is no longer configured leaves the JWKS, and rotationDays applies to the present one', async () => {
    const both = await boot({ additionalAlgorithms: ['ES384'] });
    expect((await jwksOf(both)).keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'ES256', 'ES384', 'ES384']);
    await both.close();
    const app = await boot({ rotationDays: 1 });
    const rows = (await rowsOf(app)) as { alg: string; active_at: Date; retired_at: Date | null }[];
    const standby = rows.find(({ alg, retired_at }) => alg === 'ES256' && retired_at === null)!;
    const untilActive = standby.active_at.getTime() - Date.now();
    expect([untilActive > 86_000 * seconds, untilActive <= 86_400 * seconds]).toEqual([true, true]);
    expect((await jwksOf(app)).keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'ES256', 'ES384']);
    TestClock.offset = 1000 * seconds;
    await app.get(KeyRing).refresh();
    expect((await jwksOf(app)).keys.map(({ alg }) => alg)).toEqual(['ES256', 'ES256']);
  });

  it.each([true, false])(
    'a replica with a late clock signs at once after a key was revoked; a next key was announced: %s',
    async (is) => {
      const one = await boot();
      const late = await boot({}, {}, new FastifyAdapter(), LateClock);
      const killed = kidOf(await tokenOf(late));
      const [next] = is ? await one.get(KeyRotation).rotate() : [];
      await one.get(RevokeKey).kill(killed);
      await until(async () => !(await kidsOf(late)).includes(killed), 1000);
      const token = await tokenOf(late, ['keys:read']);
      expect(kidOf(token)).toBe(next?.kid ?? (await kidsOf(one))[0]);
      expect((await call(one, token)).statusCode).toBe(200);
    },
  );

  it('a replica with a late clock neither activates an announced key early nor stops the former key from signing', async () => {
    const one = await boot();
    const late = await boot({}, {}, new FastifyAdapter(), LateClock);
    const former = kidOf(await tokenOf(one));
    const [next] = await one.get(KeyRotation).rotate();
    await late.get(KeyRing).refresh();
    for (const elapsed of [0, 369, 371, 399]) {
      TestClock.offset = elapsed * seconds;
      await one.get(KeyRotation).tick();
      await late.get(KeyRing).refresh();
      expect(kidOf(await tokenOf(late))).toBe(former);
      expect(kidOf(await tokenOf(one))).toBe(elapsed < 370 ? former : next!.kid);
    }
    TestClock.offset = 401 * seconds;
    expect(kidOf(await tokenOf(late))).toBe(next!.kid);
  });

  it('a replica whose clock jumps ahead does not delete the key that the others sign with', async () => {
    const leaping = await boot({}, {}, new FastifyAdapter(), LeapingClock);
    const [announced] = await leaping.get(KeyRotation).rotate();
    const clock = leaping.get<LeapingClock>(Clock);
    clock.hasLeapt = true;
    await leaping.get(KeyRotation).tick();
    clock.hasLeapt = false;

    const late = await boot();
    const token = await tokenOf(late);
    expect(kidOf(token)).not.toBe(announced!.kid);
    await expect(judged(token, await jwksOf(leaping))).resolves.toBeDefined();
  });

  it('a key is not revoked when the surrounding transaction fails', async () => {
    const app = await boot();
    const token = await tokenOf(app, ['keys:read']);
    const failing = app.get(Database).transaction(async () => {
      await app.get(RevokeKey).kill(kidOf(token));
      throw new Error('afterwards');
    });
    await expect(failing).rejects.toThrow('afterwards');
    await app.get(KeyRing).refresh();
    expect(kidOf(await tokenOf(app))).toBe(kidOf(token));
    expect(await app.get(DataSource).query('SELECT killed_at FROM signing_keys')).toEqual([
      { killed_at: null },
      { killed_at: null },
    ]);
  });

  it('a replica accepts a token at once if another replica has just created its key', async () => {
    const [one, two] = [await boot(), await boot({ keyPollSeconds: 60 })];
    const killed = kidOf(await tokenOf(one));
    const { manager } = one.get(DataSource);
    await one.get(Database).transaction(async () => {
      await one.get(RevokeKey).kill(killed);
      // The second replica receives no notification.
      await manager.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE $1',
        ['LISTEN%'],
      );
    });
    expect((await call(two, await tokenOf(one, ['keys:read']))).statusCode).toBe(200);
  });

  it('a new algorithm replaces the former one, and every token is signed with a key that the JWKS had announced', async () => {
    const before = await boot();
    const old = await tokenOf(before);
    const after = await boot({ algorithm: 'PS256', rsaBits: 2048 });
    expect(decodeProtectedHeader(await tokenOf(after)).alg).toBe('ES256');
    expect(await kidsOf(after)).toHaveLength(2);
    TestClock.offset = 371 * seconds;
    const token = await tokenOf(after);
    expect(decodeProtectedHeader(token).alg).toBe('PS256');
    await judged(token, await jwksOf(after));
    await judged(old, await jwksOf(after));
  });

  it('a new algorithm replaces a former one that is kept as an additional algorithm, with announced keys only', async () => {
    const before = await boot();
    const cached = await jwksOf(before);
    const old = await tokenOf(before);
    const settings = { algorithm: 'PS256', additionalAlgorithms: ['ES256'], rsaBits: 2048 } as const;
    const after = await Promise.all([1, 2].map(() => boot(settings)));
    for (const elapsed of [0, 290]) {
      TestClock.offset = elapsed * seconds;
      // A restart or a scheduled rotation with either settings must not activate the key early.
      const again = [await boot(), await boot(settings)];
      for (const replica of [before, ...after, ...again]) {
        await replica.get(KeyRotation).tick();
        await replica.get(KeyRing).refresh();
        const token = await tokenOf(replica, ['keys:read']);
        await judged(token, cached);
        expect((await call(before, token)).statusCode).toBe(200);
      }
    }
    const announced = await jwksOf(before);
    expect(announced.keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'ES256', 'PS256']);

    TestClock.offset = 371 * seconds;
    for (const replica of [before, ...after]) await replica.get(KeyRotation).tick();
    const token = await tokenOf(after[0]!, ['keys:read']);
    expect(decodeProtectedHeader(token).alg).toBe('PS256');
    for (const each of [token, await tokenOf(before), old]) await judged(each, announced);
    expect((await call(before, token)).statusCode).toBe(200);

    const late = await boot(settings, {}, new FastifyAdapter(), LateClock);
    expect(decodeProtectedHeader(await tokenOf(late)).alg).toBe('ES256');
    // A revoked key is different: clients that require the algorithm need not wait, because the revocation notifies
    // them.
    await after[0]!.get(RevokeKey).kill(kidOf(token));
    for (const replica of [...after, late]) {
      await replica.get(KeyRing).refresh();
      const successor = decodeProtectedHeader(await tokenOf(replica));
      expect(successor.alg).toBe('PS256');
      expect(successor.kid).not.toBe(kidOf(token));
    }
  });

  it('a replica configured for HS256 signs with it, and replicas with a published algorithm keep their key', async () => {
    const running = await boot();
    const token = await tokenOf(running, ['keys:read']);
    warnings.length = 0;
    const single = await boot({ algorithm: 'HS256' });
    expect(warnings).toContainEqual(expect.stringMatching(/changed from ES256 to HS256.*never published/));
    expect(decodeProtectedHeader(await tokenOf(single)).alg).toBe('HS256');
    for (const elapsed of [0, 1200]) {
      TestClock.offset = elapsed * seconds;
      for (const replica of [running, single]) await replica.get(KeyRotation).tick();
      await running.get(KeyRing).refresh();
      expect(kidOf(await tokenOf(running))).toBe(kidOf(token));
      await judged(await tokenOf(running), await jwksOf(running));
    }
    TestClock.offset = 0;
    for (const replica of [running, single]) expect((await call(replica, token)).statusCode).toBe(200);
  });

  it('a change from HS256 to a published algorithm works although an old replica starts again', async () => {
    const before = await boot({ algorithm: 'HS256' });
    const after = await boot();
    expect(decodeProtectedHeader(await tokenOf(after)).alg).toBe('HS256');
    for (const elapsed of [0, 371]) {
      TestClock.offset = elapsed * seconds;
      // Runs the scheduled rotations: replicas with the former setting keep its key.
      await before.get(KeyRotation).tick();
      const again = await boot({ algorithm: 'HS256' });
      await after.get(KeyRing).refresh();
      expect(decodeProtectedHeader(await tokenOf(again)).alg).toBe('HS256');
      const token = await tokenOf(after, ['keys:read']);
      expect(decodeProtectedHeader(token).alg).toBe(elapsed === 0 ? 'HS256' : 'ES256');
      for (const replica of [before, after, again]) expect((await call(replica, token)).statusCode).toBe(200);
    }
    await judged(await tokenOf(after), await jwksOf(after));
  });

  it('a process without rotation sees the key ring of the servers and creates keys only by command', async () => {
    const beside = { keepsRing: false } as const;
    await expect(boot(beside)).rejects.toThrow(/no signing keys yet/);
    const server = await boot({ rotationDays: 1 });
    const rows = await rowsOf(server);
    const command = await boot({ ...beside, algorithm: 'HS256', rotationDays: 1 });
    const token = await tokenOf(command, ['keys:read']);
    await judged(token, await jwksOf(server));
    TestClock.offset = 2 * 86_400 * seconds;
    await command.get(KeyRotation).tick();
    expect(await rowsOf(server)).toEqual(rows);
    const [next] = await (await boot(beside)).get(KeyRotation).rotate();
    expect(next).toMatchObject({ alg: 'ES256' });

    // A key of this process would be encrypted with a secret that the servers may not have.
    const early = await boot({ ...beside, secret: `${secret}-2`, previousSecrets: [`${secret}-1`] });
    await tokenOf(early);
    await expect(early.get(KeyRotation).rotate()).rejects.toThrow(/encrypted under one of previousSecrets/);
    await expect(early.get(RevokeKey).kill(next!.kid)).rejects.toThrow(/encrypted under one of previousSecrets/);
    expect(await kidsOf(server)).toContain(next!.kid);
  });

  it.each(['ES256', 'ES384', 'RS256', 'RS384', 'RS512', 'PS256', 'EdDSA', 'Ed25519'] as const)(
    'jose reads the tokens that Postern signs with %s',
    async (algorithm) => {
      const app = await boot({ algorithm, rsaBits: 2048 });
      const token = await tokenOf(app);
      const { payload, protectedHeader } = await judged(token, await jwksOf(app));
      expect(protectedHeader).toEqual({ alg: algorithm, typ: 'at+jwt', kid: expect.stringMatching(/^[\w-]{43}$/) });
      expect(Object.keys(payload).sort()).toEqual(['aud', 'client_id', 'exp', 'iat', 'iss', 'jti', 'sub']);
      expect((await call(app, await tokenOf(app, ['keys:read']))).statusCode).toBe(200);
    },
  );

  it('the JWKS omits HS256 keys, and several algorithms work side by side', async () => {
    const app = await boot({ algorithm: 'HS256', additionalAlgorithms: ['RS256'], rsaBits: 2048 });
    const token = await tokenOf(app, ['keys:read', 'keys:write']);
    expect(decodeProtectedHeader(token).alg).toBe('HS256');
    expect((await jwksOf(app)).keys).toMatchObject([1, 2].map(() => ({ kty: 'RSA', alg: 'RS256', use: 'sig' })));
    expect((await call(app, token)).statusCode).toBe(200);
    const other = await app
      .get(TokenSigner)
      .sign({ iss: issuer, aud: audience }, { typ: 'secevent+jwt', algorithm: 'RS256' });
    await jwtVerify(other, createLocalJWKSet(await jwksOf(app)), { typ: 'secevent+jwt' });
    // A secret key is never cached by clients: the change takes effect at once, and the former key still verifies.
    await app.get(KeyRotation).rotate('HS256');
    expect(kidOf(await tokenOf(app))).not.toBe(kidOf(token));
    expect((await call(app, token)).statusCode).toBe(200);
  });
});

describe('The private half', () => {
  it('a private key cannot be read from a stolen row without the secret, and the ciphertext is bound to its key', async () => {
    const app = await boot();
    const [row] = await rowsOf(app);
    const wrapped: Buffer = row.private_encrypted;
    expect(wrapped.includes('PRIVATE') || wrapped[0] === 0x30).toBe(false);
    const open = (key: Buffer, kid: string) => {
      const decipher = createDecipheriv('aes-256-gcm', key, wrapped.subarray(0, 12)).setAAD(Buffer.from(kid));
      decipher.setAuthTag(wrapped.subarray(-16));
      return Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
    };
    const key = Buffer.from(hkdfSync('sha256', `${secret}-1`, '', 'postern/signing-keys', 32));
    // A separate implementation of the format: HKDF-SHA256, AES-256-GCM, the key's id as associated data.
    expect(open(key, row.kid).length).toBeGreaterThan(100);
    expect(() => open(randomBytes(32), row.kid)).toThrow();
    expect(() => open(key, 'another')).toThrow();
    expect(row.secret_id).not.toBe(createHash('sha256').update(`${secret}-1`).digest('base64url').slice(0, 16));
  });

  it('private keys survive a change of the instance secret, and the start fails if the former secret is missing', async () => {
    const one = await boot();
    const token = await tokenOf(one, ['keys:read']);
    await one.get(KeyRotation).rotate();
    await expect(boot({ secret: `${secret}-2` })).rejects.toThrow(/previousSecrets/);

    const previousSecrets = [`${secret}-1`];
    const many = await Promise.all([1, 2, 3].map(() => boot({ secret: `${secret}-2`, previousSecrets })));
    expect(kidOf(await tokenOf(many[0]!))).toBe(kidOf(token));
    expect((await call(many[1]!, token)).statusCode).toBe(200);
    const rows = await rowsOf(many[0]!);
    expect(rows.map((row: { secret_id: string }) => row.secret_id)).toEqual([
      new InstanceSecret(`${secret}-2`).id,
      new InstanceSecret(`${secret}-2`).id,
    ]);
    // The replica with the former secret keeps running until it is replaced.
    expect((await call(one, await tokenOf(many[0]!, ['keys:read']))).statusCode).toBe(200);
    await expect(boot()).rejects.toThrow(/previousSecrets/);
    const last = await boot({ secret: `${secret}-2` });
    expect(kidOf(await tokenOf(last))).toBe(kidOf(token));
  });

  it('a key row that was not written by Postern is not used', async () => {
    const app = await boot();
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = await exportJWK(publicKey);
    const { x, y } = jwk;
    const kid = createHash('sha256')
      .update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }))
      .digest('base64url');
    await app.get(DataSource).query(
      `INSERT INTO signing_keys (kid, alg, public_jwk, private_encrypted, secret_id, announced_at, active_at)
       SELECT $1, alg, $2, private_encrypted, secret_id, announced_at, active_at FROM signing_keys LIMIT 1`,
      [kid, jwk],
    );
    await app.get(KeyRing).refresh();
    expect(await kidsOf(app)).not.toContain(kid);
    const forged = await new SignJWT({ scope: 'keys:read' })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject('mallory')
      .setJti('1')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);
    expect((await call(app, forged)).statusCode).toBe(401);
  });
});

describe('External keys', () => {
  it('a separate process that holds the private key signs tokens', async () => {
    const app = await boot({}, { signer: ChildProcessSigningKeys });
    const token = await tokenOf(app, ['keys:read', 'keys:write']);
    expect((await judged(token, await jwksOf(app))).protectedHeader.kid).toBe('hsm-1');
    expect((await call(app, token)).statusCode).toBe(200);
    expect(await rowsOf(app)).toHaveLength(0);
    expect((await call(app, token, 'POST', '/keys/rotate')).json()).toMatchObject({ code: 'keys-managed-elsewhere' });
    expect((await call(app, token, 'POST', '/keys/hsm-1/kill')).statusCode).toBe(200);
    expect((await call(app, token)).statusCode).toBe(401);
    expect((await jwksOf(app)).keys).toEqual([]);
    await expect(tokenOf(app)).rejects.toMatchObject({ code: 'no-active-key' });
  });

  it('the configuration accepts PEM, JWK, an HS256 secret, and a public key that only verifies', async () => {
    const active = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const former = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const app = await boot({
      staticKeys: [
        { algorithm: 'ES256', privateKey: active.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() },
        { algorithm: 'ES256', kid: 'former', publicKey: former.publicKey.export({ format: 'jwk' }) },
        { algorithm: 'HS256', kid: 'shared', secret },
      ],
    });
    const token = await tokenOf(app, ['keys:read']);
    await judged(token, await jwksOf(app));
    expect((await call(app, token)).statusCode).toBe(200);
    const kids = await kidsOf(app);
    expect(kids).toEqual([kidOf(token), 'former']);
    const byOther = await new SignJWT({ scope: 'keys:read' })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'shared' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject('bob')
      .setJti('2')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(Buffer.from(secret));
    expect((await call(app, byOther)).statusCode).toBe(200);
  });
});

describe('Discovery', () => {
  it.each([
    ['Fastify', () => new FastifyAdapter()],
    ['Express', () => new ExpressAdapter()],
  ])('the JWKS and the metadata are public and carry cache headers on %s', async (_name, adapter) => {
    const metadata = { service_documentation: 'https://example.com/docs' };
    const app = await boot({ jwksCacheSeconds: 120, metadata }, {}, adapter());
    const jwks = await http(app, { url: '/.well-known/jwks.json' });
    expect(jwks.headers).toMatchObject({ 'cache-control': 'public, max-age=120', etag: expect.stringMatching(/^"/) });
    expect(Object.keys(jwks.json<JSONWebKeySet>().keys[0]!).sort()).toEqual([
      'alg',
      'crv',
      'kid',
      'kty',
      'use',
      'x',
      'y',
    ]);
    const tag = jwks.headers['etag'] as string;
    for (const [asked, status] of [
      [tag, 304],
      [`W/${tag}`, 304],
      [`"other", ${tag}`, 304],
      ['*', 304],
      ['"other"', 200],
    ] as const) {
      const again = await http(app, { url: '/.well-known/jwks.json', headers: { 'if-none-match': asked } });
      expect([asked, again.statusCode, again.body === '']).toEqual([asked, status, status === 304]);
    }
    expect((await http(app, { url: '/.well-known/oauth-authorization-server' })).json()).toEqual({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      response_types_supported: [],
      grant_types_supported: [],
      service_documentation: 'https://example.com/docs',
    });
  });

  it('discovery routes that a team switches off are absent', async () => {
    const app = await boot({}, { controllers: { jwks: false, metadata: false, keys: false } });
    const token = await tokenOf(app);
    const metadata = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'];
    for (const url of ['/.well-known/jwks.json', ...metadata, '/keys']) {
      expect((await call(app, token, 'GET', url)).statusCode).toBe(404);
    }
  });
});
