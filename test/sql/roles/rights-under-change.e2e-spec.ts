import { Controller, Get, Module } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import type { Type } from '@nestjs/common';
import { PosternModule } from 'postern';
import { AuthModule, definePermissions, RequirePermissions, RequireRoles } from 'postern/auth';
import { Database } from 'postern/persistence';
import { ProblemModule } from 'postern/problem';
import { ADMINISTRATOR, RolesService, UserRolesService } from 'postern/roles';
import { SessionsService } from 'postern/sessions';
import { createTestDatabase, startTestApplication, TestIssuer } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { AccessTokens } from 'postern/tokens';
import { UsersService } from 'postern/users';
import { TcpProxy } from '../../revocations/cluster.js';
import { until } from '../../support/until.js';

/** The permissions of a hundred roles exceed the limit of a follower for one message. */
const MANY = Array.from({ length: 400 }, (_, index) => `parcels-of-the-${letters(index)}:read`);
definePermissions(Object.fromEntries(MANY.map((name) => [name, 'Read parcels'])));
definePermissions({ 'parcels:send': 'Send parcels' });

function letters(index: number): string {
  return [...String(index).padStart(3, '0')].map((digit) => 'abcdefghij'[Number(digit)]).join('');
}

@Controller('parcels')
class ParcelsController {
  @RequirePermissions('parcels:send' as never)
  @Get()
  send(): string {
    return 'sent';
  }

  @RequireRoles('courier')
  @Get('courier')
  courier(): string {
    return 'courier';
  }
}

let database: TestDatabase;
let gate: TcpProxy;
let a: TestApplication;
let b: TestApplication;
let follower: Type;
let names = 0;
const partner = new TestIssuer('orders', 'https://partner.example');

beforeAll(async () => {
  database = await createTestDatabase();
  gate = await TcpProxy.open();
  const issuer = `http://127.0.0.1:${gate.port}`;
  const { issuer: partnerName, audience, staticKeys } = partner.settings;
  const issuers = [{ issuer: partnerName, audience, staticKeys: staticKeys! }];
  [a, b] = (await Promise.all(
    [1, 2].map(() => {
      @Module({
        imports: [
          PosternModule.forRoot({
            issuer,
            audience: 'orders',
            secret: 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-rights',
            databaseUrl: database.url,
            auth: { issuers },
            // Shorter than the hour for which the table keeps former permissions.
            sessions: { longestTokenLifetimeSeconds: 900 },
            roles: [{ name: 'courier', description: 'Sends parcels', permissions: ['parcels:send'] }],
          }),
        ],
        controllers: [ParcelsController],
      })
      class ReplicaModule {}
      return startTestApplication(ReplicaModule);
    }),
  )) as [TestApplication, TestApplication];
  gate.leadTo({ host: '127.0.0.1', port: Number(new URL(a.url).port) });
  const { token } = await a.nest.get(AccessTokens).issue({ subject: 'orders', scopes: ['revocations:read'] });
  @Module({
    imports: [
      ProblemModule.forRoot({}),
      AuthModule.forRoot({ issuer, audience: 'orders', issuers, revocations: { follow: true, token: () => token } }),
    ],
    controllers: [ParcelsController],
  })
  class FollowerModule {}
  follower = FollowerModule;
}, 120_000);

afterAll(async () => {
  await Promise.all([a?.close(), b?.close()]);
  await gate?.close();
  await database?.drop();
});

async function personWith(...roles: string[]): Promise<{ id: string; token: string; refreshToken: string }> {
  const user = await a.nest.get(UsersService).create({ email: `${crypto.randomUUID()}@example.test` });
  await a.nest.get(UserRolesService).replace(user.id, roles);
  const { accessToken: token, refreshToken } = await a.nest.get(SessionsService).start(user, { amr: ['pwd'] });
  return { id: user.id, token, refreshToken };
}

async function newRole(...permissions: string[]): Promise<string> {
  names += 1;
  const definition = { name: `role-${names}`, description: 'A role', permissions };
  return (await a.nest.get(RolesService).create(definition)).name;
}

describe('rights while they change', () => {
  it('an additional issuer has no rights by our role names in its tokens, at a replica and at a follower', async () => {
    const service = await startTestApplication(follower);
    const ada = await personWith('courier');
    const token = partner.token({ subject: ada.id, sessionId: 'any', roles: ['courier', ADMINISTRATOR] });
    for (const application of [a, service]) {
      await until(async () => (await application.call('GET', '/parcels', { token: ada.token })).status === 200);
      expect((await application.call('GET', '/parcels', { token })).body.code).toBe('permission-missing');
      expect((await application.call('GET', '/parcels/courier', { token })).body.code).toBe('role-missing');
    }
    await service.close();
  });

  it('a caller cannot grant a permission that another replica is taking from it', async () => {
    const lead = await personWith(await newRole('roles:write', 'parcels:send'));
    const { token } = lead;
    const body = { name: 'sender', description: 'Sends', permissions: ['parcels:send'] };
    await until(async () => (await b.call('GET', '/parcels', { token })).status === 200);
    let send = (): void => undefined;
    const isSent = new Promise<void>((resolve) => (send = resolve));
    const change = a.nest.get(Database).transaction(async () => {
      await a.nest.get(UserRolesService).replace(lead.id, []);
      send();
      await delay(300);
    });
    await isSent;
    const answer = await b.call('POST', '/roles', { token, body });
    await change;
    expect([answer.status, answer.body.code]).toEqual([403, 'permission-not-held']);
  });

  it('a caller cannot administer a user who gets more rights at another replica', async () => {
    const help = await personWith(await newRole('users:write', 'sessions:write'));
    const ada = await personWith();
    let send = (): void => undefined;
    const isSent = new Promise<void>((resolve) => (send = resolve));
    const change = a.nest.get(Database).transaction(async () => {
      await a.nest.get(UserRolesService).replace(ada.id, ['courier']);
      send();
      await delay(300);
    });
    await isSent;
    const answers = await Promise.all([
      b.call('POST', `/users/${ada.id}/disable`, { token: help.token }),
      b.call('DELETE', `/users/${ada.id}/sessions`, { token: help.token }),
    ]);
    await change;
    expect(answers.map(({ status, body }) => [status, body.code, body.permission])).toEqual([
      [403, 'user-has-more-rights', 'parcels:send'],
      [403, 'user-has-more-rights', 'parcels:send'],
    ]);
  });

  it('a token that is issued while the commit of a taken role is slow loses the role, too', async () => {
    const ada = await personWith('courier');
    let token = '';
    await a.nest.get(Database).transaction(async () => {
      await a.nest.get(UserRolesService).replace(ada.id, []);
      await delay(2500);
      const answer = await b.call('POST', '/auth/refresh', { body: { refresh_token: ada.refreshToken } });
      expect(answer.status).toBe(200);
      token = String(answer.body.access_token);
    });
    await until(async () => (await b.call('GET', '/parcels', { token })).status === 403, 1000);
    expect((await b.call('GET', '/users/me', { token })).status).toBe(200);
  });

  it('no former permissions of a deleted role outlive its end', async () => {
    const name = await newRole('parcels:send');
    await a.nest.get(RolesService).update(name, { permissions: [] });
    await a.nest.get(RolesService).update(name, { permissions: ['parcels:send'] });
    await a.nest.get(RolesService).remove(name);
    const rows = await a.nest.get(Database).manager.query<{ permissions: unknown; outlives: boolean }[]>(
      `SELECT permissions, expires_at > (SELECT expires_at FROM revocations WHERE target = $1 ORDER BY version DESC LIMIT 1)
           AS outlives FROM revocations WHERE target = $1 ORDER BY version`,
      [name],
    );
    expect(rows.map(({ outlives }) => outlives)).toEqual([false, false, false, false]);
    expect(rows.at(-1)!.permissions).toBeNull();
  });

  it('a role with more permissions than a follower reads is rejected, also through the roles that it includes', async () => {
    const count = 2100;
    const many = Array.from({ length: count }, (_, index) => `pallets-of-the-${letters(index)}:read`);
    definePermissions(Object.fromEntries(many.map((name) => [name, 'Read pallets'])));
    const { token } = await personWith(ADMINISTRATOR);
    const [first, includes] = ['pallets-0', [0, 1, 2, 3].map((part) => `pallets-${part}`)];
    const write = (method: string, path: string, body: object) => a.call(method, path, { token, body });
    for (const [part, name] of includes.entries()) {
      const body = { name, description: 'Part', permissions: many.slice(part * 500, part * 500 + 500) };
      expect((await write('POST', '/roles', body)).status).toBe(201);
    }
    const all = { name: 'pallets', description: 'All', permissions: [], includes };
    expect((await write('POST', '/roles', all)).status).toBe(201);
    const answers = [
      await write('POST', '/roles', { ...all, name: 'too-many', permissions: many.slice(2000) }),
      await write('POST', '/roles', { ...all, name: 'too-long', permissions: many.slice(0, 501) }),
      await write('PATCH', `/roles/${first}`, { permissions: [...many.slice(0, 499), many[2000], many[2001]] }),
      await write('PATCH', `/roles/${first}`, { permissions: many.slice(2000), includes: ['pallets-1'] }),
    ];
    expect(answers.map(({ status, body }) => [status, (body.errors as { pointer: string }[])?.[0]?.pointer])).toEqual([
      [400, '/includes'],
      [400, '/permissions'],
      [400, '/permissions'],
      [200, undefined],
    ]);
  });

  it('a follower that starts reads the permissions of a hundred large roles, and a changed part of all', async () => {
    const base = await newRole();
    const roles = a.nest.get(RolesService);
    for (let count = 0; count < 100; count += 1) {
      names += 1;
      await roles.create({ name: `role-${names}`, description: 'Large', permissions: MANY, includes: [base] });
    }
    const ada = await personWith(`role-${names}`);
    const service = await startTestApplication(follower);
    expect((await service.call('GET', '/parcels', { token: ada.token })).status).toBe(403);
    await roles.update(base, { permissions: ['parcels:send'] });
    await until(async () => (await service.call('GET', '/parcels', { token: ada.token })).status === 200, 5000);
    await service.close();
  }, 60_000);
});
