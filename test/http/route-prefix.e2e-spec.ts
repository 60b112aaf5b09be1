import { VersioningType } from '@nestjs/common';
import type { INestApplication, LoggerService } from '@nestjs/common';
import { PosternModule } from 'postern';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';

describe.each(['fastify', 'express'] as const)('an application on %s that moves its routes', (adapter) => {
  let database: TestDatabase;
  let app: TestApplication | undefined;
  let warnings: string[];

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => app?.close());
  afterAll(() => database?.drop());

  async function start(issuer: string, prepare: (nest: INestApplication) => void): Promise<TestApplication> {
    warnings = [];
    const nothing = (): void => undefined;
    const logger: LoggerService = {
      log: nothing,
      error: nothing,
      warn: (line: string) => void warnings.push(line),
    };
    const settings = { issuer, secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe', databaseUrl: database.url };
    app = await startTestApplication(PosternModule.forRoot(settings), { adapter, logger, prepare });
    return app;
  }

  async function statuses(paths: readonly string[]): Promise<number[]> {
    return Promise.all(paths.map(async (path) => (await app!.call('GET', path)).status));
  }

  it('the start warns that services would not find the metadata under the prefix', async () => {
    await start('https://id.acme.test', (nest) => nest.setGlobalPrefix('/api'));
    expect(await statuses(['/api/.well-known/jwks.json', '/.well-known/jwks.json'])).toEqual([200, 404]);
    expect(warnings).toEqual([
      expect.stringMatching(/jwks_uri https:\/\/id\.acme\.test\/\.well-known.*revocations_uri/),
    ]);
    expect(warnings[0]).toContain('exclude ".well-known/{*path}", "auth/revocations" from');
    expect(await statuses(['/api/health/live'])).toEqual([200]);
  });

  it('the start does not warn if the issuer has the prefix', async () => {
    await start('https://id.acme.test/api', (nest) => nest.setGlobalPrefix('api'));
    expect(warnings).toEqual([]);
  });

  it('the start does not warn if the metadata routes are excluded as advised', async () => {
    const exclude = ['.well-known/{*path}', 'auth/revocations'];
    await start('https://id.acme.test', (nest) => nest.setGlobalPrefix('api', { exclude }));
    expect(warnings).toEqual([]);
    const paths = ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server', '/auth/revocations'];
    expect(await statuses([...paths, '/api/users/me', '/users/me'])).toEqual([200, 200, 401, 401, 404]);
  });

  it.each([
    ['without a prefix', ''],
    ['with the prefix that the issuer has', 'id'],
    ['with another prefix', 'api'],
  ])('an issuer with a path is served where clients look, %s', async (_, prefix) => {
    const issuer = 'https://acme.test/id';
    await start(issuer, (nest) => (prefix === '' ? undefined : void nest.setGlobalPrefix(prefix)));
    const documents = [
      '/.well-known/oauth-authorization-server/id',
      '/.well-known/openid-configuration/id',
      '/id/.well-known/oauth-authorization-server',
      '/id/.well-known/openid-configuration',
    ];
    for (const path of documents) {
      const answer = await app!.call('GET', path);
      expect([path, answer.status, answer.body]).toEqual([
        path,
        200,
        expect.objectContaining({ issuer, jwks_uri: `${issuer}/.well-known/jwks.json` }),
      ]);
      expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    }
    const keys = await app!.call('GET', '/id/.well-known/jwks.json');
    expect(keys).toMatchObject({ status: 200, body: { keys: Array(2).fill(expect.objectContaining({ use: 'sig' })) } });
    const again = { headers: { 'if-none-match': keys.headers.get('etag')! } };
    expect((await fetch(`${app!.url}/id/.well-known/jwks.json`, again)).status).toBe(304);
    expect(await statuses(['/.well-known/openid-configuration/other', '/id/users/me'])).toEqual([
      404,
      prefix === 'id' ? 401 : 404,
    ]);
  });

  it('the metadata are served at the URL of OpenID Connect, too', async () => {
    await start('https://id.acme.test', () => undefined);
    const [one, other] = await Promise.all(
      ['oauth-authorization-server', 'openid-configuration'].map((name) => app!.call('GET', `/.well-known/${name}`)),
    );
    expect(other).toMatchObject({ status: 200, body: one!.body });
  });

  it('an unknown URL is answered with a problem inside and outside of the prefix', async () => {
    await start('https://id.acme.test/api', (nest) => nest.setGlobalPrefix('api', { exclude: ['health/live'] }));
    for (const path of ['/api/nowhere', '/nowhere', '/', '/health/nowhere', '/apiary']) {
      expect(await app!.call('GET', path)).toMatchObject({ status: 404, body: { code: 'not-found', status: 404 } });
    }
    expect(await app!.call('DELETE', '/health/live')).toMatchObject({ status: 404, body: { code: 'not-found' } });
  });

  it('metadata and health checks have one URL in every API version', async () => {
    await start('https://id.acme.test', (nest) =>
      nest.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
    );
    const paths = ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server', '/auth/revocations'];
    expect(await statuses([...paths, '/health/live', '/v1/users/me'])).toEqual([200, 200, 401, 200, 401]);
    expect(warnings).toEqual([]);
  });
});
