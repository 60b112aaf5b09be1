import { Module } from '@nestjs/common';
import { documentOf, PosternModule } from 'postern';
import { ADMINISTRATOR, RolesService, UserRolesService } from 'postern/roles';
import { SessionsService } from 'postern/sessions';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { AccessTokens, TokenSigner } from 'postern/tokens';
import { UsersService } from 'postern/users';
import { IDENTITIES, TABLE } from './identities.js';
import type { Identity } from './identities.js';

const ABSENT: Readonly<Record<string, string>> = {
  '{id}': '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
  '{kid}': 'absent',
  '{name}': 'absent',
  '{sessionId}': '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77',
};

let database: TestDatabase;
let app: TestApplication;
let expired: string;
let document: { paths: Record<string, Record<string, Record<string, unknown>>> };

beforeAll(async () => {
  database = await createTestDatabase();
  @Module({
    imports: [
      PosternModule.forRoot({
        issuer: 'https://id.example.test',
        audience: 'postern',
        secret: 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-identities',
        databaseUrl: database.url,
        controllers: { accountFlows: { magicLink: true } },
      }),
    ],
  })
  class ServerModule {}
  app = await startTestApplication(ServerModule);
  document = documentOf(app.nest) as unknown as typeof document;
  expired = await expiredToken();
}, 120_000);

afterAll(async () => {
  await app?.close();
  await database?.drop();
});

async function roleWith(permission: string): Promise<string> {
  const name = `may-${permission.replace(':', '-')}`;
  const roles = app.nest.get(RolesService);
  if ((await roles.list()).some((role) => role.name === name)) return name;
  return (await roles.create({ name, description: 'A role', permissions: [permission] })).name;
}

async function userWith(...roles: string[]): Promise<string> {
  const user = await app.nest.get(UsersService).create({ email: `${crypto.randomUUID()}@example.test` });
  await app.nest.get(UserRolesService).replace(user.id, roles);
  return (await app.nest.get(SessionsService).start(user, { amr: ['pwd'] })).accessToken;
}

async function expiredToken(): Promise<string> {
  const text = Buffer.from((await issue('users:read')).split('.')[1]!, 'base64url').toString();
  const payload = JSON.parse(text) as { iat: number; exp: number };
  const [iat, exp] = [payload.iat - 7200, payload.exp - 7200];
  return app.nest.get(TokenSigner).sign({ ...payload, iat, exp }, { typ: 'at+jwt' });
}

async function issue(scope: string): Promise<string> {
  const tokens = app.nest.get(AccessTokens);
  return (await tokens.issue({ subject: 'reporting', scopes: [scope] })).token;
}

/** The permission of a user; the feed's right is a scope that is not a permission. */
function permissionOf(right: string | undefined): string {
  return right === undefined || right === 'revocations:read' ? 'users:read' : right;
}

async function tokenOf(identity: Identity, right: string | undefined): Promise<string | undefined> {
  switch (identity) {
    case 'noToken':
      return undefined;
    case 'expired':
      return expired;
    case 'user':
    case 'otherUser':
      return userWith();
    case 'permittedUser':
      return userWith(await roleWith(permissionOf(right)));
    case 'otherRole':
      return userWith(await roleWith(right === 'users:read' ? 'roles:read' : 'users:read'));
    case 'administrator':
      return userWith(ADMINISTRATOR);
    case 'service':
      return issue(right ?? 'users:read');
    case 'otherService':
      return issue(right === 'users:read' ? 'roles:read' : 'users:read');
  }
}

describe('identities', () => {
  it('the table of identities contains each operation of the OpenAPI document, and no other', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(TABLE.map(([operation]) => operation).sort()).toEqual(operations.sort());
  });

  it.each(TABLE.map((row) => ({ operation: row[0], row })))(
    'the identities may call $operation as in the table',
    async ({ row }) => {
      const [operation, right, statuses, body] = row;
      const [method, path] = operation.split(' ') as [string, string];
      const address =
        path.replace(/\{\w+\}/, (name) => ABSENT[name]!) + (path.endsWith('revocations') ? '?wait=0' : '');
      const answers: number[] = [];
      for (const identity of IDENTITIES) {
        const token = await tokenOf(identity, right);
        answers.push((await app.call(method, address, { ...(token && { token }), ...(body && { body }) })).status);
      }
      expect(named(answers)).toEqual(named(statuses.split(' ').map(Number)));
    },
  );

  it('the OpenAPI document names the permission of each operation, and its 403', () => {
    const lacking = TABLE.filter(([operation, right]) => {
      if (right === undefined || right === 'revocations:read') return false;
      const [method, path] = operation.split(' ') as [string, string];
      const { description, responses, 'x-permissions': permissions } = document.paths[path]![method.toLowerCase()]!;
      const forbidden = (responses as Record<string, { description: string } | undefined>)['403'];
      return !(
        JSON.stringify(permissions) === JSON.stringify([right]) &&
        String(description).includes(`Requires the permission \`${right}\`.`) &&
        forbidden?.description.includes('`permission-missing`')
      );
    });
    expect(lacking).toEqual([]);
  });
});

function named(statuses: readonly number[]): Record<string, number | undefined> {
  return Object.fromEntries(IDENTITIES.map((identity, index) => [identity, statuses[index]]));
}
