import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { PosternModule } from 'postern';
import { CurrentPrincipal, RequirePermissions } from 'postern/auth';
import type { Principal } from 'postern/auth';
import { decodeJwt } from 'jose';
import { Database } from 'postern/persistence';
import { ADMINISTRATOR, RolesService, UserRolesService } from 'postern/roles';
import { SessionsService, UserImpersonated } from 'postern/sessions';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { AccessTokens } from 'postern/tokens';
import { UsersService } from 'postern/users';
import { until } from '../../support/until.js';

const secret = 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-act';

@Controller('whoami')
class WhoAmIController {
  @Get()
  read(@CurrentPrincipal() { subject, actor }: Principal): object {
    return { subject, actor };
  }

  @RequirePermissions('users:read')
  @Get('reader')
  reader(): string {
    return 'reader';
  }
}

@Injectable()
class Impersonations {
  readonly seen: UserImpersonated[] = [];

  @OnEvent(UserImpersonated.type)
  note(event: UserImpersonated): void {
    this.seen.push(event);
  }
}

let database: TestDatabase;
let app: TestApplication;

async function start(enabled: boolean, adapter: 'express' | 'fastify'): Promise<TestApplication> {
  @Module({
    imports: [
      PosternModule.forRoot({
        issuer: 'http://localhost:3000',
        secret,
        databaseUrl: database.url,
        ...(enabled && { sessions: { impersonation: { enabled, maximumSeconds: 120 } } }),
      }),
    ],
    controllers: [WhoAmIController],
    providers: [Impersonations],
  })
  class AppModule {}
  return startTestApplication(AppModule, { adapter });
}

async function personWith(...roles: string[]): Promise<{ id: string; token: string; sessionId: string }> {
  const user = await app.nest.get(UsersService).create({ email: `${crypto.randomUUID()}@example.test` });
  await app.nest.get(UserRolesService).replace(user.id, roles);
  const pair = await app.nest.get(SessionsService).start(user, { amr: ['pwd'] });
  return { id: user.id, token: pair.accessToken, sessionId: pair.sessionId };
}

const impersonate = (id: string, token: string, at = app) =>
  at.call<{ access_token: string; code?: string }>('POST', `/users/${id}/impersonate`, { token });

beforeAll(async () => {
  database = await createTestDatabase();
  app = await start(true, 'fastify');
  const roles = app.nest.get(RolesService);
  await roles.create({ name: 'support', description: 'Helps', permissions: ['users:impersonate'] });
  await roles.create({ name: 'reader', description: 'Reads', permissions: ['users:read'] });
}, 60_000);

afterAll(async () => {
  await app?.close();
  await database?.drop();
});

describe('POST /users/{id}/impersonate', () => {
  it('an administrator acts as a user by a short token that names both, and ends with the session of the administrator', async () => {
    const [root, ada] = [await personWith(ADMINISTRATOR), await personWith('reader')];
    const answer = await impersonate(ada.id, root.token);
    expect([answer.status, Object.keys(answer.body).toSorted()]).toEqual([
      200,
      ['access_token', 'expires_in', 'token_type'],
    ]);
    expect(answer.headers.get('cache-control')).toContain('no-store');
    const token = answer.body.access_token;
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({ sub: ada.id, act: { sub: root.id }, sid: root.sessionId, roles: ['reader'] });
    expect(claims.exp! - claims.iat!).toBe(120);
    expect(claims).not.toHaveProperty('amr');
    expect(claims).not.toHaveProperty('auth_time');
    expect((await app.call('GET', '/whoami', { token })).body).toEqual({
      subject: ada.id,
      actor: { subject: root.id, roles: [ADMINISTRATOR] },
    });
    expect((await app.call('GET', '/whoami', { token: ada.token })).body).toEqual({ subject: ada.id });
    expect((await app.call('GET', '/whoami/reader', { token })).status).toBe(200);
    expect((await app.call('GET', '/users/me', { token })).body).toMatchObject({ id: ada.id });
    expect(app.nest.get(Impersonations).seen.at(-1)).toMatchObject({
      actorId: root.id,
      userId: ada.id,
      sessionId: root.sessionId,
    });

    await app.nest.get(SessionsService).revoke(root.sessionId, 'logout');
    expect((await app.call('GET', '/whoami', { token })).status).toBe(401);
    expect((await app.call('GET', '/whoami', { token: ada.token })).status).toBe(200);
  });

  it.each(['the administrator', 'the user'])('a token ends if %s is disabled', async (who) => {
    const [root, ada] = [await personWith(ADMINISTRATOR), await personWith()];
    const { body } = await impersonate(ada.id, root.token);
    await app.nest.get(UsersService).disable(who === 'the user' ? ada.id : root.id);
    expect((await app.call('GET', '/whoami', { token: body.access_token })).status).toBe(401);
    if (who === 'the user') {
      expect(await impersonate(ada.id, root.token)).toMatchObject({ status: 403, body: { code: 'account-disabled' } });
    }
  });

  it.each(['the role is taken from the administrator', 'the permission is taken from the role'])(
    'a token ends if %s',
    async (reason) => {
      const roles = app.nest.get(RolesService);
      await roles.create({ name: 'helper', description: 'Helps', permissions: ['users:impersonate', 'users:read'] });
      const [helper, ada] = [await personWith('helper', 'reader'), await personWith('reader')];
      const token = (await impersonate(ada.id, helper.token)).body.access_token;
      const status = async () => (await app.call('GET', '/whoami', { token })).status;
      await app.nest.get(UserRolesService).replace(helper.id, ['helper']);
      await roles.update('helper', { permissions: ['users:impersonate'] });
      expect(await status()).toBe(200);
      if (reason.startsWith('the role')) await app.nest.get(UserRolesService).replace(helper.id, []);
      else await roles.update('helper', { permissions: ['users:read'] });
      await until(async () => (await status()) === 401, 1000);
      await roles.remove('helper');
    },
  );

  it.each([
    ['POST', '/auth/password/change', { currentPassword: 'x', newPassword: 'y' }],
    ['DELETE', '/users/me', { password: 'x' }],
    ['PATCH', '/users/me', {}],
    ['POST', '/auth/logout-all', undefined],
    ['POST', '/auth/logout', undefined],
    ['GET', '/auth/sessions', undefined],
    ['DELETE', `/auth/sessions/${crypto.randomUUID()}`, undefined],
    ['POST', `/users/${crypto.randomUUID()}/impersonate`, undefined],
  ] as const)('a token with an actor cannot change credentials or sessions: %s %s', async (method, path, body) => {
    const [root, ada] = [await personWith(ADMINISTRATOR), await personWith('support')];
    const { body: tokens } = await impersonate(ada.id, root.token);
    const answer = await app.call(method, path, { token: tokens.access_token, body });
    expect([answer.status, answer.body.code]).toEqual([403, 'impersonation-not-allowed']);
  });

  it('no caller acts as an administrator, or as a user with more permissions', async () => {
    const [root, other, support, reader] = [
      await personWith(ADMINISTRATOR),
      await personWith(ADMINISTRATOR),
      await personWith('support'),
      await personWith('reader'),
    ];
    const codeOf = async (id: string, token: string) => {
      const { status, body } = await impersonate(id, token);
      return [status, body.code];
    };
    expect(await codeOf(other.id, root.token)).toEqual([403, 'administrator-impersonation']);
    expect(await codeOf(reader.id, support.token)).toEqual([403, 'permission-not-held']);
    expect(await codeOf(support.id, reader.token)).toEqual([403, 'permission-missing']);
    expect(await codeOf(crypto.randomUUID(), root.token)).toEqual([404, 'user-not-found']);
    expect(await codeOf('x', root.token)).toEqual([404, 'user-not-found']);
    const plain = await personWith();
    expect((await impersonate(plain.id, support.token)).status).toBe(200);
    const { token } = await app.nest.get(AccessTokens).issue({ subject: 'orders', scopes: ['users:impersonate'] });
    expect((await impersonate(plain.id, token)).status).not.toBe(200);
  });

  it('impersonation is off by default', async () => {
    const [root, ada] = [await personWith(ADMINISTRATOR), await personWith()];
    const usual = await start(false, 'express');
    try {
      expect(await impersonate(ada.id, root.token, usual)).toMatchObject({
        status: 403,
        body: { code: 'impersonation-disabled' },
      });
    } finally {
      await usual.close();
    }
  });

  it('a token stays revoked after the revocation of a session that was last refreshed long before', async () => {
    const [root, ada] = [await personWith(ADMINISTRATOR), await personWith()];
    await app.nest
      .get(Database)
      .manager.query(`UPDATE sessions SET last_used_at = now() - interval '1 hour' WHERE id = '${root.sessionId}'`);
    const { body } = await impersonate(ada.id, root.token);
    await app.nest.get(SessionsService).revoke(root.sessionId, 'logout');
    const [row] = await app.nest
      .get(Database)
      .manager.query<{ left: number }[]>(
        `SELECT extract(epoch FROM expires_at - now())::float8 AS left FROM revocations WHERE target = '${root.sessionId}'`,
      );
    expect(row!.left).toBeGreaterThan(120);
    expect((await app.call('GET', '/whoami', { token: body.access_token })).status).toBe(401);
  });
});
