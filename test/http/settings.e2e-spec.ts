import type { Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { PosternModule } from 'postern';
import type { PosternSettings } from 'postern';
import { CheckedMailSettings } from 'postern/mail';
import { AccessTokenVerifier, Clock, MAX_CLOCK_TOLERANCE_SECONDS, SystemClock } from 'postern/auth';
import { Argon2PasswordHasher } from 'postern/password';
import { SessionCleanup, SessionsService } from 'postern/sessions';
import { RevocationTable, DatabaseRevocationPublisher, RevocationCleanup } from 'postern/revocations';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { AccessTokens } from 'postern/tokens';
import { UsersService } from 'postern/users';
import { readConfig } from '../../src/config/config.js';

describe('settings from a factory of PosternModule', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await createTestDatabase()));
  afterAll(() => database.drop());

  /** A return value that the compiler would reject. */
  const started = (more: object) => {
    const settings: PosternSettings = {
      issuer: 'https://id.example.test',
      secret: 'Hq7Zt2Nw9Lx4Vc6Bk1Pj8Rm3Ys5Dg0Fa-settings',
      databaseUrl: database.url,
      ...more,
    };
    return Test.createTestingModule({
      imports: [PosternModule.forRootAsync({ useFactory: () => settings })],
    }).compile();
  };

  it.each<[object, RegExp]>([
    [{ redisURL: 'redis://x' }, /^PosternModule knows no setting "redisURL"; there are: issuer, audience,/],
    [
      { hasher: Argon2PasswordHasher },
      /^PosternModule takes "hasher" beside "useFactory", and not from what it returns/,
    ],
    [{ auth: { clockTolerance: 1 } }, /^AuthModule knows no setting "clockTolerance"/],
    [{ tokens: { accessTokenSeconds: 60 } }, /^TokensModule knows no setting "accessTokenSeconds"/],
    [
      { persistence: { poolsize: 5 } },
      /^PersistenceModule knows no setting "poolsize"; there are: databaseUrl, migrate,/,
    ],
    [{ problem: { docs: 'x' } }, /^ProblemModule knows no setting "docs"; there are: documentation/],
    [{ sessions: { grace: 5 } }, /^SessionsModule knows no setting "grace"; there are: refreshTokenLifetimeSeconds,/],
    [{ password: { minimumlength: 20 } }, /^PasswordModule knows no setting "minimumlength"/],
    [{ password: { argon2: { memory: 1 } } }, /^PasswordModule: "argon2" knows no setting "memory"/],
    [
      { persistence: { databaseUrl: 'x' } },
      /^PosternModule: move "databaseUrl" out of "persistence", to the top level/,
    ],
    [{ auth: { audience: 'orders' } }, /^PosternModule: move "audience" out of "auth", to the top level/],
    [{ sessions: 'x' }, /^PosternModule: "sessions" must be an object of settings/],
  ])('an unknown setting from a factory stops the start: %j', async (more, sentence) => {
    await expect(started(more)).rejects.toThrow(sentence);
  });

  it.each([
    ['http://id.acme.com', 'must begin with https:// (RFC 8414 §2); http:// is for this machine alone.'],
    ['http://localhost.acme.com', 'must begin with https:// (RFC 8414 §2); http:// is for this machine alone.'],
    ['id.acme.com', 'must be an address that begins with https:// or http://, such as https://id.example.com.'],
  ])(
    'the start of a production application fails if its issuer is %s, as with the variables',
    async (issuer, sentence) => {
      await expect(started({ production: true, issuer })).rejects.toThrow(`PosternModule: "issuer" ${sentence}`);
      const variables = { NODE_ENV: 'production', POSTERN_ISSUER: issuer };
      expect(() => readConfig(variables)).toThrow(`POSTERN_ISSUER ${sentence}`);
    },
  );

  it.each(['https://id.acme.com', 'http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:3000'])(
    'a production application starts if its issuer is %s',
    async (issuer) => {
      await expect(started({ production: true, issuer })).resolves.toBeDefined();
    },
  );

  it('MailModule rejects an unknown setting from a factory', () => {
    const returned = { production: true, publicUrl: 'https://id.acme.test', secret: '', productname: 'Acme' };
    expect(() => new CheckedMailSettings(returned)).toThrow(/^MailModule knows no setting "productname"/);
  });

  it.each([
    { tokens: { maximumLifetimeSeconds: 7 * 86_400 } },
    { tokens: { maximumLifetimeSeconds: 7 * 86_400 }, auth: { maximumLifetimeSeconds: undefined } },
  ])('the guard accepts every lifetime that may be issued: %p', async (more) => {
    const application = await started(more);
    try {
      await application.init();
      const { token } = await application.get(AccessTokens).issue({ subject: 'orders', lifetimeSeconds: 7 * 86_400 });
      await expect(application.get(AccessTokenVerifier).verify(token)).resolves.toMatchObject({ subject: 'orders' });
    } finally {
      await application.close();
    }
  });
});

class MovedClock extends Clock {
  static aheadSeconds = 0;
  override now(): number {
    return Date.now() + MovedClock.aheadSeconds * 1000;
  }
}

/** The clock of a replica that is two hours ahead of the others. */
class AheadClock extends MovedClock {
  override now(): number {
    return super.now() + 7200 * 1000;
  }
}

/** The system clock of a replica that is set ahead. */
class LeapingClock extends SystemClock {
  aheadSeconds = 0;
  override now(): number {
    return super.now() + this.aheadSeconds * 1000;
  }
}

describe('a revocation', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
    MovedClock.aheadSeconds = 0;
  });
  afterEach(() => database.drop());

  async function started(
    accessTokenLifetimeSeconds: number,
    clockToleranceSeconds?: number,
    clock: Type<Clock> = MovedClock,
  ) {
    const module = PosternModule.forRoot({
      issuer: 'https://id.example.test',
      secret: 'Hq7Zt2Nw9Lx4Vc6Bk1Pj8Rm3Ys5Dg0Fa-settings',
      databaseUrl: database.url,
      clock,
      auth: { clockToleranceSeconds },
      tokens: { accessTokenLifetimeSeconds },
      sessions: { longestTokenLifetimeSeconds: accessTokenLifetimeSeconds },
    });
    const application = await Test.createTestingModule({ imports: [module] }).compile();
    await application.init();
    return application;
  }

  /** The subject that a newly started replica sees in each token, or the code of its rejection. */
  async function judged(tokens: readonly { accessToken: string }[], clockToleranceSeconds?: number): Promise<string[]> {
    const later = await started(60, clockToleranceSeconds);
    const subject = (token: string) =>
      later
        .get(AccessTokenVerifier)
        .verify(token)
        .then((principal) => principal.subject);
    const code = (error: { code: string }) => error.code;
    try {
      return await Promise.all(tokens.map(({ accessToken }) => subject(accessToken).catch(code)));
    } finally {
      await later.close();
    }
  }

  it('a revocation is kept for the token lifetime that applied before it was lowered', async () => {
    const before = await started(7200);
    const user = await before.get(UsersService).create({ email: 'ada@example.test' });
    const ofSession = await before.get(SessionsService).start(user, { amr: ['pwd'] });
    const ofService = await before.get(AccessTokens).issue({ subject: 'orders' });
    const tokens = [ofSession.accessToken, ofService.token];
    await before.close();

    const after = await started(60);
    for (const token of tokens) await after.get(AccessTokenVerifier).verify(token);
    await after.get(SessionsService).revoke(ofSession.sessionId, 'logout');
    await after
      .get(DatabaseRevocationPublisher)
      .publish({ kind: 'token', target: ofService.tokenId, reason: 'stolen' });
    MovedClock.aheadSeconds = 7000;
    await after.get(RevocationTable).forgetExpired(100);
    await after.close();

    const later = await started(60);
    try {
      for (const token of tokens) {
        await expect(later.get(AccessTokenVerifier).verify(token)).rejects.toMatchObject({ code: 'invalid-token' });
      }
      // After the last of them has expired, revocations are kept for the current token lifetime.
      MovedClock.aheadSeconds = 10_000;
      const pair = await later.get(SessionsService).start(user, { amr: ['pwd'] });
      await later.get(SessionsService).revoke(pair.sessionId, 'logout');
      await later.get(RevocationTable).order();
      const { entries } = (await later.get(RevocationTable).since({ sequence: 0, tag: '' }, 100))!;
      const lasting = entries.at(-1)!.expiresAt - later.get(Clock).now() / 1000;
      expect(lasting).toBeGreaterThan(60 + MAX_CLOCK_TOLERANCE_SECONDS);
      expect(lasting).toBeLessThan(180 + MAX_CLOCK_TOLERANCE_SECONDS);
    } finally {
      await later.close();
    }
  });

  it('a revocation is kept for the largest clock tolerance after the expiry of the token', async () => {
    const before = await started(60, MAX_CLOCK_TOLERANCE_SECONDS);
    const user = await before.get(UsersService).create({ email: 'grace@example.test' });
    const start = () => before.get(SessionsService).start(user, { amr: ['pwd'] });
    const [dead, living, last] = [await start(), await start(), await start()];
    for (const { sessionId } of [dead, last]) await before.get(SessionsService).revoke(sessionId, 'logout');
    await before.get(RevocationTable).order();
    MovedClock.aheadSeconds = 60 + MAX_CLOCK_TOLERANCE_SECONDS - 30;
    await before.get(RevocationTable).forgetExpired(100);
    await before.close();

    expect(await judged([living, dead], MAX_CLOCK_TOLERANCE_SECONDS)).toEqual([user.id, 'invalid-token']);
  });

  it('a replica whose clock jumps ahead does not delete a revocation', async () => {
    const leaping = await started(60, undefined, LeapingClock);
    const user = await leaping.get(UsersService).create({ email: 'leap@example.test' });
    const start = () => leaping.get(SessionsService).start(user, { amr: ['pwd'] });
    const [dead, last] = [await start(), await start()];
    for (const { sessionId } of [dead, last]) await leaping.get(SessionsService).revoke(sessionId, 'logout');
    await leaping.get(RevocationTable).order();
    leaping.get<LeapingClock>(Clock).aheadSeconds = 90 * 86_400;
    expect([await leaping.get(SessionCleanup).sweep(), await leaping.get(RevocationCleanup).sweep()]).toEqual([0, 0]);
    await leaping.close();

    expect(await judged([dead])).toEqual(['invalid-token']);
  });

  it('a revocation is kept until a token from a fast clock expires, even if another replica refreshed the session', async () => {
    const ahead = await started(60, undefined, AheadClock);
    const user = await ahead.get(UsersService).create({ email: 'ahead@example.test' });
    const start = () => ahead.get(SessionsService).start(user, { amr: ['pwd'] });
    const [dead, living, last] = [await start(), await start(), await start()];
    await ahead.close();

    const here = await started(60);
    await here.get(SessionsService).refresh(dead.refreshToken, { amr: ['pwd'] });
    for (const { sessionId } of [dead, last]) await here.get(SessionsService).revoke(sessionId, 'logout');
    await here.get(RevocationTable).order();
    MovedClock.aheadSeconds = 7230;
    await here.get(RevocationTable).forgetExpired(100);
    await here.close();

    expect(await judged([living, dead])).toEqual([user.id, 'invalid-token']);
  });
});
