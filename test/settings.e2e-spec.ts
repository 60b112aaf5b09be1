import { Test } from '@nestjs/testing';
import { PosternModule, type PosternSettings } from 'postern';
import { AccessTokenVerifier } from 'postern/auth';
import { Argon2PasswordHasher } from 'postern/password';
import { createTestDatabase, type TestDatabase } from 'postern/testing';
import { AccessTokens } from 'postern/tokens';

describe('what a factory returns to PosternModule', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await createTestDatabase()));
  afterAll(() => database.drop());

  /** Whatever a factory may return in spite of the compiler. */
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
    [{ sessions: { grace: 5 } }, /^SessionsModule knows no setting "grace"; there are: refreshTokenLifetimeSeconds,/],
    [{ password: { minimumlength: 20 } }, /^PasswordModule knows no setting "minimumlength"/],
    [{ password: { argon2: { memory: 1 } } }, /^PasswordModule: "argon2" knows no setting "memory"/],
  ])('is refused at boot where it has a setting that nobody reads: %j', async (more, sentence) => {
    await expect(started(more)).rejects.toThrow(sentence);
  });

  it('lets the guard accept whatever may be issued, for however long', async () => {
    const application = await started({ tokens: { maximumLifetimeSeconds: 7 * 86_400 } });
    try {
      await application.init();
      const { token } = await application.get(AccessTokens).issue({ subject: 'orders', lifetimeSeconds: 7 * 86_400 });
      await expect(application.get(AccessTokenVerifier).verify(token)).resolves.toMatchObject({ subject: 'orders' });
    } finally {
      await application.close();
    }
  });
});
