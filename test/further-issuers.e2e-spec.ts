import { Controller, Get, Module } from '@nestjs/common';
import { documentOf, PosternModule } from 'postern';
import { CurrentPrincipal, OwnIssuerOnly, type Principal, Public } from 'postern/auth';
import {
  createTestDatabase,
  startTestApplication,
  type TestApplication,
  type TestDatabase,
  TestIssuer,
} from 'postern/testing';
import { UsersService } from 'postern/users';

const ISSUER = 'https://id.acme.test';
const PASSWORD = 'seven small boats at noon';
const partner = new TestIssuer('postern', 'https://id.partner.test');
const stranger = new TestIssuer('postern', 'https://id.partner.test');
const EVERY_SCOPE = ['users:read', 'users:write', 'keys:read', 'keys:write', 'revocations:read'];

@Controller('desk')
class DeskController {
  @Get()
  desk(@CurrentPrincipal() { issuer, subject }: Principal): object {
    return { issuer, subject };
  }

  @Get('own')
  @OwnIssuerOnly()
  own(@CurrentPrincipal() { subject }: Principal): object {
    return { subject };
  }
}

@Public()
@Controller('hall')
class HallController {
  @Get('own')
  @OwnIssuerOnly()
  vault(): object {
    return {};
  }
}

@Module({ controllers: [DeskController, HallController] })
class TeamModule {}

describe('a server that accepts tokens of a further issuer as well', () => {
  let database: TestDatabase;
  let app: TestApplication;
  let userId: string;
  let own: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    @Module({
      imports: [
        PosternModule.forRoot({
          issuer: ISSUER,
          secret: 'kT3vQ9zLr7Wm2Xc8Yp5Nd1Hs6Bf4Gj0Ae',
          databaseUrl: database.url,
          auth: { issuers: [partner.settings] },
        }),
        TeamModule,
      ],
    })
    class AppModule {}
    app = await startTestApplication(AppModule);
    const email = 'ada@example.com';
    await app.call('POST', '/auth/register', { body: { email, password: PASSWORD } });
    const { body } = await app.call<{ access_token: string }>('POST', '/auth/login', {
      body: { email, password: PASSWORD },
    });
    own = body.access_token;
    userId = (await app.nest.get(UsersService).findByEmail(email))!.id;
  });

  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('proves them by the keys of the settings, beside its own by its ring', async () => {
    const token = partner.token({ subject: 'bob' });
    const { issuer } = partner.settings;
    for (let use = 0; use < 3; use += 1) {
      expect(await app.call('GET', '/desk', { token })).toMatchObject({
        status: 200,
        body: { issuer, subject: 'bob' },
      });
      expect(await app.call('GET', '/desk', { token: own })).toMatchObject({
        status: 200,
        body: { issuer: ISSUER, subject: userId },
      });
    }
  });

  it('refuses those that another key has signed, of the partner’s name or of its own', async () => {
    const claims = { iss: ISSUER };
    for (const token of [stranger.token({ subject: 'bob' }), partner.token({ subject: userId, claims })]) {
      expect(await app.call('GET', '/desk', { token })).toMatchObject({ status: 401, body: { code: 'invalid-token' } });
    }
  });

  it('takes them at none of the routes that Postern brings, whatever user and scopes they name', async () => {
    const session = '019abfc2-617b-7000-a1b2-c3d4e5f60718';
    const guarded = Object.entries(documentOf(app.nest).paths).flatMap(([path, operations]) =>
      Object.entries(operations as Record<string, { security?: unknown[] }>)
        .filter(([, { security }]) => (security?.length ?? 0) > 0)
        .map(([method]) => [method.toUpperCase(), path.replace(/\{\w+\}/, userId)] as const),
    );
    const posterns = guarded.filter(([, path]) => !/^\/(desk|hall)/.test(path));
    expect(posterns.length).toBeGreaterThan(15);
    const body = { currentPassword: PASSWORD, newPassword: `${PASSWORD}, again`, password: PASSWORD };
    for (const [method, path] of posterns) {
      for (const sessionId of [session, 'no uuid']) {
        const token = partner.token({ subject: userId, sessionId, scopes: EVERY_SCOPE });
        const answer = await app.call(method, path, { token, ...(method === 'GET' ? {} : { body }) });
        expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 401, 'invalid-token']);
      }
    }
    expect((await app.call('GET', '/users/me', { token: own })).status).toBe(200);
  });

  it('takes them at none of the team’s that says so, also in a controller that is open otherwise', async () => {
    const token = partner.token({ subject: userId });
    expect((await app.call('GET', '/desk/own', { token: own })).status).toBe(200);
    expect((await app.call('GET', '/desk/own', { token })).status).toBe(401);
    expect((await app.call('GET', '/hall/own')).status).toBe(401);
    expect((await app.call('GET', '/hall/own', { token: own })).status).toBe(200);
  });
});
