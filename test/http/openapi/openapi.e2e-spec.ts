import { All, ConsoleLogger, Controller, Get, Head, Post, Version, VersioningType } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { ApiOperation } from '@nestjs/swagger';
import { PosternModule, serveDocs } from 'postern';
import { Public, RequireScopes } from 'postern/auth';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { build, startBuiltServer, temporaryFolder } from '../../support/built-server.js';
import type { BuiltServer } from '../../support/built-server.js';

interface Media {
  schema?: object;
  example?: unknown;
  examples?: Record<string, { value: { code: string; status: number } }>;
}

interface Operation {
  operationId: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: { bearer?: string[] }[];
  parameters?: { name: string; description?: string; example?: unknown; schema?: { example?: unknown } }[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}

interface Document {
  openapi: string;
  info: { license?: { name: string; url?: string } };
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
}

const folder = temporaryFolder();
let database: TestDatabase;
let server: BuiltServer;
let document: Document;
let operations: { path: string; method: string; operation: Operation }[];

beforeAll(async () => {
  build();
  database = await createTestDatabase();
  server = await startBuiltServer({ DATABASE_URL: database.url }, folder.path);
  document = (await (await fetch(`${server.url}/docs-json`)).json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}, 300_000);

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  folder.remove();
});

/** The names of the operations that fail the check. */
function lacking(rule: (operation: Operation) => boolean): string[] {
  return operations.filter(({ operation }) => !rule(operation)).map(({ operation }) => operation.operationId);
}

describe('the OpenAPI document', () => {
  it('the OpenAPI document has version 3.1 and is served as JSON and as YAML', async () => {
    expect(document.openapi).toBe('3.1.0');
    expect(await (await fetch(`${server.url}/docs-yaml`)).text()).toContain('openapi: 3.1.0');
  });

  it('the OpenAPI document has a title, a licence, and a server URL without a trailing slash', () => {
    const { info, servers } = document;
    expect(info.license).toEqual({ name: 'MIT', url: 'https://opensource.org/license/mit' });
    expect(servers.map(({ url }) => url).filter((url) => url.endsWith('/'))).toEqual([]);
    // The URL also works if the document is served below a path.
    expect(servers.map(({ url }) => new URL(url, 'https://acme.test/id/docs-json').href)).toEqual([
      'https://acme.test/id/',
    ]);
  });

  it('the OpenAPI document contains every route', () => {
    const routes = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    expect(routes).toEqual(
      expect.arrayContaining([
        'POST /auth/register',
        'POST /auth/login',
        'POST /auth/refresh',
        'POST /auth/logout',
        'POST /auth/logout-all',
        'GET /auth/sessions',
        'DELETE /auth/sessions/{id}',
        'GET /users/me',
        'PATCH /users/me',
        'DELETE /users/me',
        'POST /auth/password/change',
        'GET /.well-known/jwks.json',
        'GET /.well-known/oauth-authorization-server',
        'GET /.well-known/openid-configuration',
        'GET /health/live',
        'GET /health/ready',
      ]),
    );
  });

  it('every operation has a summary, a description, a tag and a unique operationId', () => {
    expect(lacking(({ summary }) => (summary?.length ?? 0) > 3)).toEqual([]);
    expect(lacking(({ description }) => (description?.length ?? 0) > 20)).toEqual([]);
    expect(lacking(({ tags }) => tags?.length === 1)).toEqual([]);
    const names = operations.map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  it('every request and response body has an example', () => {
    const hasExample = (content?: Record<string, Media>): boolean =>
      Object.values(content ?? {}).every(({ example, examples }) => example !== undefined || examples !== undefined);
    expect(lacking(({ requestBody }) => hasExample(requestBody?.content))).toEqual([]);
    expect(lacking(({ responses }) => Object.values(responses).every(({ content }) => hasExample(content)))).toEqual(
      [],
    );
    // A 200 or 201 answer has a body, and the document describes it.
    expect(
      lacking(({ responses }) => ['200', '201'].every((status) => !responses[status] || responses[status].content)),
    ).toEqual([]);
  });

  it('every parameter has a description', () => {
    expect(lacking(({ parameters = [] }) => parameters.every(({ description }) => description))).toEqual([]);
  });

  it('the document lists the code of every error under its status', () => {
    for (const { operation } of operations) {
      for (const [status, { content }] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        for (const [code, { value }] of Object.entries(content?.['application/problem+json']?.examples ?? {})) {
          expect({ code: value.code, status: value.status }).toEqual({ code, status: Number(status) });
        }
        expect(content?.['application/problem+json']?.examples).toBeDefined();
      }
    }
  });

  it('the document has a security requirement for exactly the routes that reject a request without a token', async () => {
    for (const { path, method, operation } of operations) {
      const url = server.url + path.replace(/\{\w+\}/g, '01936d2a-7c1e-7a60-8f3b-2d5f9d1c4e77');
      // No route accepts this body: an open route answers it with its own 4xx, and never with the 401 of the guard.
      const sent = method === 'get' ? {} : { body: '{"x":1}', headers: { 'content-type': 'application/json' } };
      const response = await fetch(url, { method: method.toUpperCase(), ...sent });
      const refused = response.status === 401 && ((await response.json()) as { code: string }).code === 'invalid-token';
      expect({ route: operation.operationId, locked: refused }).toEqual({
        route: operation.operationId,
        locked: operation.security!.length > 0 && operation.security!.every(({ bearer }) => bearer !== undefined),
      });
    }
  });

  it('the document shows the required scopes of a route', () => {
    const scopesOf = (name: string): string[] | undefined =>
      operations.find(({ operation }) => operation.operationId === name)?.operation.security?.[0]?.bearer;
    expect(scopesOf('killKey')).toEqual(['keys:write']);
    expect(scopesOf('listUsers')).toEqual(['users:read']);
    expect(scopesOf('readMe')).toEqual([]);
  });
});

describe("the document of a team's application", () => {
  let own: TestDatabase;
  beforeAll(async () => (own = await createTestDatabase()));
  afterAll(() => own?.drop());

  @Controller('employees')
  class EmployeesController {
    @Get()
    findAll(): string[] {
      return [];
    }

    @RequireScopes('employees:read')
    @Get(['archive', 'former'])
    search(): string[] {
      return [];
    }
  }

  @Controller('tasks')
  class TasksController {
    @Public()
    @Get()
    findAll(): string[] {
      return [];
    }

    @Post('login')
    login(): void {}
  }

  const withControllers = (controllers: Type[], prepare?: (nest: INestApplication) => void) => {
    const posternModule = PosternModule.forRoot({
      issuer: 'https://id.example.test',
      secret: 'Hq7Zt2Nw9Lx4Vc6Bk1Pj8Rm3Ys5Dg0Fa-openapi',
      databaseUrl: own.url,
    });
    return startTestApplication(
      { ...posternModule, controllers: [...(posternModule.controllers ?? []), ...controllers] },
      {
        adapter: 'express',
        prepare(nest) {
          prepare?.(nest);
          serveDocs(nest);
        },
      },
    );
  };

  it('equal method names are distinguished by their controllers, and built-in routes keep their names', async () => {
    const app = await withControllers([EmployeesController, TasksController]);
    try {
      const { status, body } = await app.call<Document>('GET', '/docs-json');
      expect(status).toBe(200);
      const named = (path: string, method = 'get') => {
        const { operationId, security } = body.paths[path]![method]!;
        return [operationId, security];
      };
      expect(named('/employees')).toEqual(['employeesFindAll', [{ bearer: [] }]]);
      expect(named('/tasks')).toEqual(['tasksFindAll', []]);
      expect(named('/tasks/login', 'post')).toEqual(['tasksLogin', [{ bearer: [] }]]);
      expect(named('/employees/archive')).toEqual(['search[0]', [{ bearer: ['employees:read'] }]]);
      expect(named('/employees/former')).toEqual(['search[1]', [{ bearer: ['employees:read'] }]]);
      for (const [path, methods] of Object.entries(document.paths)) {
        for (const [method, { operationId }] of Object.entries(methods)) {
          expect(body.paths[path]![method]!.operationId).toBe(operationId);
        }
      }
    } finally {
      await app.close();
    }
  });

  it('each version of a route has its own name and the same security requirement', async () => {
    @Controller({ path: 'reports', version: ['1', '2'] })
    class ReportsController {
      @Public()
      @Get()
      open(): void {}

      @RequireScopes('reports:read')
      @Get('shut')
      shut(): void {}

      @Version('3')
      @Get('new')
      recent(): void {}

      @Version('3')
      @Head('there')
      exists(): void {}

      @Version('3')
      @All('any')
      whatever(): void {}
    }
    const app = await withControllers([ReportsController], (nest) =>
      nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
    );
    try {
      const { body } = await app.call<Document>('GET', '/docs-json');
      const named = (path: string) => {
        const { operationId, security } = body.paths[path]!.get!;
        return [operationId, security];
      };
      expect(body.paths['/v3/reports/there']!.head!.operationId).toBe('exists');
      expect(named('/v3/reports/any')).toEqual(['whatever_get', [{ bearer: [] }]]);
      expect(body.paths['/v3/reports/any']!.options!.operationId).toBe('whatever_options');
      expect(named('/v1/reports')).toEqual(['openV1', []]);
      expect(named('/v2/reports')).toEqual(['openV2', []]);
      expect(named('/v1/reports/shut')).toEqual(['shutV1', [{ bearer: ['reports:read'] }]]);
      expect(named('/v2/reports/shut')).toEqual(['shutV2', [{ bearer: ['reports:read'] }]]);
      expect(named('/v3/reports/new')).toEqual(['recent', [{ bearer: [] }]]);
      expect(body.paths['/v1/auth/login']!.post!.operationId).toBe('login');
    } finally {
      await app.close();
    }
  });

  it.each(['fastify', 'express'] as const)(
    'the document is off by default in production, with a log line that says how to enable it: on %s',
    async (adapter) => {
      const started = async (inProduction: boolean | undefined, production: boolean) => {
        const lines: string[] = [];
        const logger = new ConsoleLogger();
        logger.log = (message: unknown) => void lines.push(String(message));
        const module = PosternModule.forRoot({
          issuer: 'https://id.example.test',
          secret: 'Hq7Zt2Nw9Lx4Vc6Bk1Pj8Rm3Ys5Dg0Fa-openapi',
          databaseUrl: own.url,
          production,
        });
        const app = await startTestApplication(module, {
          adapter,
          logger,
          prepare: (nest) => serveDocs(nest, { inProduction }),
        });
        const paths = ['/docs', '/docs/', '/docs/swagger-ui-init.js', '/docs-json', '/docs-yaml'];
        const answers = await Promise.all(paths.map((path) => app.call('GET', path)));
        await app.close();
        return { answers, lines: lines.filter((line) => /serveDocs/.test(line)) };
      };
      const off = await started(undefined, true);
      for (const { status, body, headers } of off.answers) {
        expect([status, body]).toMatchObject([404, { code: 'not-found' }]);
        expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      }
      expect(off.lines).toEqual([
        'Swagger UI and the OpenAPI document are off in production. To serve them, write serveDocs(app, { inProduction: true }).',
      ]);
      // Fastify's Swagger page needs a package that Nest cannot load in Jest. The tests of the built server cover it.
      if (adapter === 'fastify') return;
      for (const on of [await started(true, true), await started(undefined, false)]) {
        expect(on.answers.map(({ status }) => status)).not.toContain(404);
        expect(on.lines).toEqual([]);
      }
    },
  );

  it('two routes with the same operationId stop the start', async () => {
    @Controller('staff')
    class Named {
      @ApiOperation({ operationId: 'login' })
      @Get()
      enter(): void {}
    }
    @Controller('others')
    class Others extends EmployeesController {}
    Object.defineProperty(Others, 'name', { value: 'EmployeesController' });
    await expect(withControllers([Named])).rejects.toThrow(/^Two routes are named login, .*Named\.enter/);
    await expect(withControllers([EmployeesController, Others])).rejects.toThrow(
      /^Two routes are named employeesFindAll, EmployeesController\.findAll and EmployeesController\.findAll: rename/,
    );
  });
});
