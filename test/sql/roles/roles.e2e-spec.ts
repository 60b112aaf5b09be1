import { Controller, Get, Injectable, Module, Param, UseGuards } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { PosternModule } from 'postern';
import {
  AuthModule,
  definePermissions,
  JwtAuthGuard,
  Policy,
  RequireAnyPermission,
  RequirePermissions,
  RequireRoles,
  UsePolicy,
  withInheritedRoutes,
} from 'postern/auth';
import type { PolicyContext, Principal } from 'postern/auth';
import { ProblemModule } from 'postern/problem';
import { ADMINISTRATOR, RolesService, UserRolesService } from 'postern/roles';
import { SessionsService } from 'postern/sessions';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestAnswer, TestApplication, TestDatabase } from 'postern/testing';
import { AccessTokens } from 'postern/tokens';
import { UsersService } from 'postern/users';
import { TcpProxy } from '../../revocations/cluster.js';
import { until } from '../../support/until.js';

const invoicePermissions = definePermissions({
  'invoices:read': 'Read invoices',
  'invoices:approve': 'Approve invoices',
});
type InvoicePermissions = typeof invoicePermissions;

declare module 'postern/auth' {
  interface PermissionNames extends InvoicePermissions {}
}

const BOUND_MILLISECONDS = 1000;

@Injectable()
class InvoiceOwnerPolicy extends Policy {
  calls = 0;

  override may({ subject }: Principal, { params }: PolicyContext): boolean {
    this.calls += 1;
    return params.owner === subject;
  }
}

@Controller('invoices')
class InvoicesController {
  @RequirePermissions('invoices:read')
  @Get()
  list(): string {
    return 'list';
  }

  @RequireAnyPermission('invoices:approve', 'invoices:read')
  @Get('any')
  any(): string {
    return 'any';
  }

  @RequireRoles('auditor', 'accountant')
  @Get('audit')
  audit(): string {
    return 'audit';
  }

  // The guard is also global.
  @UseGuards(JwtAuthGuard)
  @UsePolicy(InvoiceOwnerPolicy)
  @Get('of/:owner')
  own(@Param('owner') owner: string): string {
    return owner;
  }
}

@RequirePermissions('invoices:read')
class ReportsOfAll {
  @RequireRoles('auditor', 'accountant')
  @Get('yearly')
  yearly(): string {
    return 'base';
  }
}

/** It overrides without decorators, so the rules of its base class apply. */
@Controller('reports')
class ReportsController extends ReportsOfAll {
  override yearly(): string {
    return 'override';
  }

  @RequirePermissions('invoices:approve')
  @Get('draft')
  draft(): string {
    return 'draft';
  }
}

interface Person {
  readonly id: string;
  readonly token: string;
  /** Refreshes at the replica `a`, and returns the new access token. */
  refresh(): Promise<string>;
}

let database: TestDatabase;
let gate: TcpProxy;
/** Two replicas of the issuer, and a service that has no database. */
let a: TestApplication;
let b: TestApplication;
let service: TestApplication;
let serviceModule: Type;
let root: Person;
let names = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  gate = await TcpProxy.open();
  const issuer = `http://127.0.0.1:${gate.port}`;
  const posternModule = () =>
    PosternModule.forRoot({
      issuer,
      audience: 'orders',
      secret: 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-roles',
      databaseUrl: database.url,
      roles: [{ name: 'accountant', description: 'Reads invoices', permissions: ['invoices:read'] }],
    });
  const invoices = {
    controllers: [InvoicesController, withInheritedRoutes(ReportsController)],
    providers: [InvoiceOwnerPolicy],
  };
  [a, b] = await Promise.all(
    [1, 2].map(() => {
      @Module({ imports: [posternModule()], ...invoices })
      class ReplicaModule {}
      return startTestApplication(ReplicaModule);
    }) as [Promise<TestApplication>, Promise<TestApplication>],
  );
  gate.leadTo({ host: '127.0.0.1', port: Number(new URL(a.url).port) });
  const token = await serviceToken('revocations:read');
  @Module({
    imports: [
      ProblemModule.forRoot({}),
      AuthModule.forRoot({ issuer, audience: 'orders', revocations: { follow: true, token: () => token } }),
    ],
    ...invoices,
  })
  class ServiceModule {}
  serviceModule = ServiceModule;
  service = await startTestApplication(serviceModule);
  root = await personWith(ADMINISTRATOR);
}, 120_000);

afterAll(async () => {
  await service?.close();
  await Promise.all([a?.close(), b?.close()]);
  await gate?.close();
  await database?.drop();
});

async function serviceToken(...scopes: string[]): Promise<string> {
  return (await a.nest.get(AccessTokens).issue({ subject: 'orders', scopes })).token;
}

async function personWith(...roles: string[]): Promise<Person> {
  const user = await a.nest.get(UsersService).create({ email: `${crypto.randomUUID()}@example.test` });
  await a.nest.get(UserRolesService).replace(user.id, roles);
  const pair = await a.nest.get(SessionsService).start(user, { amr: ['pwd'] });
  let { refreshToken } = pair;
  return {
    id: user.id,
    token: pair.accessToken,
    async refresh() {
      const next = await a.nest.get(SessionsService).refresh(refreshToken, { amr: [] });
      refreshToken = next.refreshToken;
      return next.accessToken;
    },
  };
}

async function newRole(permissions: string[], includes: string[] = []): Promise<string> {
  names += 1;
  const { name } = await a.nest
    .get(RolesService)
    .create({ name: `role-${names}`, description: 'A role', permissions, includes });
  return name;
}

const everywhere = (): TestApplication[] => [a, b, service];

/** Resolves when each application answers with the status, and fails after the bound. */
async function untilEverywhere(path: string, token: string, status: number): Promise<void> {
  for (const application of everywhere()) {
    await until(async () => (await application.call('GET', path, { token })).status === status, BOUND_MILLISECONDS);
  }
}

const codeOf = ({ status, body }: TestAnswer<Record<string, unknown>>): unknown[] => [status, body?.code];

describe('roles', () => {
  it('a user has the permissions of its roles at every replica and at a service without a database', async () => {
    const ada = await personWith('accountant');
    const bob = await personWith();
    await untilEverywhere('/invoices', ada.token, 200);
    await untilEverywhere('/invoices/any', ada.token, 200);
    await untilEverywhere('/invoices/audit', ada.token, 200);
    for (const application of everywhere()) {
      const answer = await application.call('GET', '/invoices', { token: bob.token });
      expect([...codeOf(answer), answer.body.permissions]).toEqual([403, 'permission-missing', ['invoices:read']]);
      expect(codeOf(await application.call('GET', '/invoices/audit', { token: bob.token }))).toEqual([
        403,
        'role-missing',
      ]);
    }
  });

  it('a service has the permissions that its scopes name', async () => {
    const token = await serviceToken('invoices:read');
    expect((await service.call('GET', '/invoices', { token })).status).toBe(200);
    expect((await service.call('GET', '/invoices', { token: await serviceToken('invoices:approve') })).status).toBe(
      403,
    );
    expect(codeOf(await service.call('GET', '/invoices/audit', { token }))).toEqual([403, 'role-missing']);
  });

  it('the decorators of a base class, its methods, and a subclass add up', async () => {
    const approving = await newRole(['invoices:approve']);
    const [ada, bob, eve] = [
      await personWith('accountant'),
      await personWith(approving),
      await personWith(await newRole([], ['accountant', approving])),
    ];
    const statusOf = async (path: string, { token }: Person) => (await service.call('GET', path, { token })).status;
    await untilEverywhere('/reports/draft', eve.token, 200);
    const people = [ada, bob, eve];
    expect(await Promise.all(people.map((person) => statusOf('/reports/draft', person)))).toEqual([403, 403, 200]);
    // Eve has the permissions of an accountant, and not the role.
    expect(await Promise.all(people.map((person) => statusOf('/reports/yearly', person)))).toEqual([200, 403, 403]);
  });

  it('a policy decides by the parameters of the request', async () => {
    const ada = await personWith();
    for (const application of everywhere()) {
      expect((await application.call('GET', `/invoices/of/${ada.id}`, { token: ada.token })).status).toBe(200);
      expect(codeOf(await application.call('GET', `/invoices/of/${root.id}`, { token: ada.token }))).toEqual([
        403,
        'policy-denied',
      ]);
    }
  });

  it('a policy decides once for each request, also if the guard is applied twice', async () => {
    const policy = service.nest.get(InvoiceOwnerPolicy);
    const calls = policy.calls;
    const ada = await personWith();
    expect((await service.call('GET', `/invoices/of/${ada.id}`, { token: ada.token })).status).toBe(200);
    expect((await service.call('GET', `/invoices/of/${ada.id}`, { token: ada.token })).status).toBe(200);
    expect(policy.calls - calls).toBe(2);
  });

  it('a permission that is taken from a role is rejected everywhere within a second, and works at once when it is back', async () => {
    const included = await newRole(['invoices:read']);
    const ada = await personWith(await newRole([], [included]));
    await untilEverywhere('/invoices', ada.token, 200);
    const path = `/roles/${included}`;
    expect((await a.call('PATCH', path, { token: root.token, body: { permissions: [] } })).status).toBe(200);
    await untilEverywhere('/invoices', ada.token, 403);
    expect((await b.call('PATCH', path, { token: root.token, body: { permissions: ['invoices:read'] } })).status).toBe(
      200,
    );
    await untilEverywhere('/invoices', ada.token, 200);
  });

  it('a role that is taken from a user is rejected everywhere within a second, and works after a refresh when it is back', async () => {
    const ada = await personWith('accountant');
    await untilEverywhere('/invoices', ada.token, 200);
    const path = `/users/${ada.id}/roles`;
    expect((await b.call('PUT', path, { token: root.token, body: { roles: [] } })).body).toEqual({ roles: [] });
    await untilEverywhere('/invoices', ada.token, 403);
    await untilEverywhere('/invoices/audit', ada.token, 403);
    expect((await b.call('PUT', path, { token: root.token, body: { roles: ['accountant'] } })).status).toBe(200);
    const token = await ada.refresh();
    await untilEverywhere('/invoices', token, 200);
  });

  it('a role that is deleted is rejected everywhere within a second, and works when it is created again', async () => {
    const name = 'auditor';
    const definition = { name, description: 'Audits', permissions: ['invoices:read'] };
    expect((await a.call('POST', '/roles', { token: root.token, body: definition })).status).toBe(201);
    const ada = await personWith(name);
    await untilEverywhere('/invoices/audit', ada.token, 200);
    expect((await a.call('DELETE', `/roles/${name}`, { token: root.token })).status).toBe(204);
    await untilEverywhere('/invoices/audit', ada.token, 403);
    await untilEverywhere('/invoices', ada.token, 403);
    expect((await a.call('GET', `/users/${ada.id}/roles`, { token: root.token })).body).toEqual({ roles: [] });

    expect((await b.call('POST', '/roles', { token: root.token, body: definition })).status).toBe(201);
    const bob = await personWith(name);
    await untilEverywhere('/invoices/audit', bob.token, 200);
  });

  it('a service that starts later knows all roles', async () => {
    const ada = await personWith(await newRole(['invoices:read']));
    const late = await startTestApplication(serviceModule);
    expect((await late.call('GET', '/invoices', { token: ada.token })).status).toBe(200);
    expect((await late.call('GET', '/invoices', { token: root.token })).status).toBe(200);
    await late.close();
  });

  it('a caller grants or takes only permissions that it has', async () => {
    const lead = await personWith(await newRole(['roles:read', 'roles:write', 'invoices:read']));
    const ada = await personWith();
    const { token } = lead;
    const role = { name: 'approver', description: 'Approves', permissions: ['invoices:approve'] };
    const answer = await a.call('POST', '/roles', { token, body: role });
    expect([...codeOf(answer), answer.body.permission]).toEqual([403, 'permission-not-held', 'invoices:approve']);
    for (const roles of [[ADMINISTRATOR], [await newRole(['invoices:approve'])]]) {
      const grant = await a.call('PUT', `/users/${ada.id}/roles`, { token, body: { roles } });
      expect(codeOf(grant)).toEqual([403, 'permission-not-held']);
    }
    const demotion = await a.call('PUT', `/users/${root.id}/roles`, { token, body: { roles: [] } });
    expect(codeOf(demotion)).toEqual([403, 'permission-not-held']);
    const emptied = await a.call('PATCH', `/roles/${await newRole(['invoices:approve'])}`, {
      token,
      body: { permissions: [] },
    });
    expect(codeOf(emptied)).toEqual([403, 'permission-not-held']);
    expect((await a.call('PUT', `/users/${ada.id}/roles`, { token, body: { roles: ['accountant'] } })).status).toBe(
      200,
    );
  });

  it('bad input is a 4xx problem that names the member', async () => {
    const { token } = root;
    const issues = async (method: string, path: string, body: unknown): Promise<unknown[]> => {
      const answer = await a.call(method, path, { token, body });
      const errors = answer.body?.errors as { pointer: string }[] | undefined;
      return [answer.status, answer.body?.code, errors?.map(({ pointer }) => pointer)];
    };
    const role = { name: 'clerk', description: 'Clerk', permissions: ['users:read'], includes: [] as string[] };
    expect(await issues('POST', '/roles', { ...role, permissions: ['users:reed'] })).toEqual([
      400,
      'validation-failed',
      ['/permissions/0'],
    ]);
    expect(await issues('POST', '/roles', { ...role, includes: ['no-such-role'] })).toEqual([
      400,
      'validation-failed',
      ['/includes/0'],
    ]);
    expect(await issues('POST', '/roles', { ...role, name: 'Clerk of all' })).toEqual([
      400,
      'validation-failed',
      ['/name'],
    ]);
    expect((await a.call('POST', '/roles', { token, body: role })).status).toBe(201);
    expect(await issues('POST', '/roles', role)).toEqual([409, 'role-exists', undefined]);
    await a.call('POST', '/roles', { token, body: { ...role, name: 'head-clerk', includes: ['clerk'] } });
    expect(await issues('PATCH', '/roles/clerk', { includes: ['head-clerk'] })).toEqual([409, 'role-cycle', undefined]);
    expect(await issues('PATCH', '/roles/clerk', { includes: ['clerk'] })).toEqual([409, 'role-cycle', undefined]);
    expect(await issues('DELETE', '/roles/clerk', undefined)).toEqual([409, 'role-in-use', undefined]);
    expect(await issues('PATCH', '/roles/administrator', { permissions: [] })).toEqual([409, 'system-role', undefined]);
    expect(await issues('DELETE', '/roles/administrator', undefined)).toEqual([409, 'system-role', undefined]);
    expect(await issues('GET', '/roles/no-such-role', undefined)).toEqual([404, 'role-not-found', undefined]);
    expect(await issues('PUT', `/users/${root.id}/roles`, { roles: [ADMINISTRATOR, 'no-such-role'] })).toEqual([
      400,
      'validation-failed',
      ['/roles/1'],
    ]);
    expect(await issues('PUT', `/users/${crypto.randomUUID()}/roles`, { roles: [] })).toEqual([
      404,
      'user-not-found',
      undefined,
    ]);
  });

  it('the last administrator stays, even if two remove each other at two replicas at the same time', async () => {
    const { token } = root;
    const last = async (method: string, path: string, body?: unknown): Promise<unknown[]> =>
      codeOf(await a.call(method, path, { token, body }));
    const refused = [409, 'last-administrator'];
    expect(await last('PUT', `/users/${root.id}/roles`, { roles: [] })).toEqual(refused);
    expect(await last('POST', `/users/${root.id}/disable`)).toEqual(refused);
    expect(await last('DELETE', `/users/${root.id}`)).toEqual(refused);

    for (const [method, suffix, body] of [
      ['PUT', '/roles', { roles: [] }],
      ['POST', '/disable', undefined],
    ] as const) {
      const [one, two] = [await personWith(ADMINISTRATOR), await personWith(ADMINISTRATOR)];
      await a.nest.get(UserRolesService).replace(root.id, []);
      const answers = await Promise.all([
        a.call(method, `/users/${two.id}${suffix}`, { token: one.token, body }),
        b.call(method, `/users/${one.id}${suffix}`, { token: two.token, body }),
      ]);
      expect(answers.map(({ status }) => status).filter((status) => status === 200)).toHaveLength(1);
      await a.nest.get(UserRolesService).replace(root.id, [ADMINISTRATOR]);
      root = { ...root, token: await root.refresh() };
      for (const { id } of [one, two]) await a.nest.get(UserRolesService).replace(id, []);
    }
  });

  it('the start fails if a route requires a permission that no module defines, or a policy that no module provides', async () => {
    @Controller()
    class MisspeltController {
      @RequirePermissions('invoices:reed' as never)
      @Get()
      list(): void {}
    }
    @Controller()
    class PolicyController {
      @UsePolicy(InvoiceOwnerPolicy)
      @Get()
      list(): void {}
    }
    const start = (controller: Type): Promise<unknown> => {
      @Module({
        imports: [AuthModule.forRoot({ issuer: 'https://id.test', audience: 'x' })],
        controllers: [controller],
      })
      class BrokenModule {}
      return startTestApplication(BrokenModule);
    };
    await expect(start(MisspeltController)).rejects.toThrow('requires the permission "invoices:reed", which no module');
    await expect(start(PolicyController)).rejects.toThrow('uses InvoiceOwnerPolicy, which no module provides');
  });
});
