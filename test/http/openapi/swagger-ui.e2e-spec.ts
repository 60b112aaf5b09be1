import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import type { Browser, Page, Route } from 'playwright-core';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { build, runBuilt, startBuiltServer, temporaryFolder } from '../../support/built-server.js';
import type { BuiltServer } from '../../support/built-server.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const browserPath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));
const screenshots = join(import.meta.dirname, '../../../.postern/screenshots');

if (browserPath === undefined) {
  process.stderr.write('Swagger UI is not tried: no Chromium is installed (Debian: apt-get install chromium).\n');
}
const whereThereIsABrowser = browserPath === undefined ? describe.skip : describe;

whereThereIsABrowser.each(['fastify', 'express'])('Swagger UI on %s (needs Chromium)', (adapter) => {
  const folder = temporaryFolder();
  const complaints: string[] = [];
  const refreshes: string[] = [];
  let database: TestDatabase;
  let server: BuiltServer;
  let browser: Browser;
  let page: Page;

  const environment = () => ({ DATABASE_URL: database.url, POSTERN_HTTP_ADAPTER: adapter, PORT: '0' });

  beforeAll(async () => {
    build();
    await mkdir(screenshots, { recursive: true });
    database = await createTestDatabase();
    server = await startBuiltServer(environment(), folder.path);
    browser = await chromium.launch({
      executablePath: browserPath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    page = await browser.newPage({ viewport: { width: 1300, height: 1600 } });
    page.on('console', (message) => {
      // The browser logs each answer above 399 as an error. The page shows such answers on purpose.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (sent) => {
      if (sent.url().endsWith('/auth/refresh')) refreshes.push(sent.url());
    });
    await page.clock.install();
    await page.goto(`${server.url}/docs`);
    await page.waitForSelector('.opblock');
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await database?.drop();
    folder.remove();
  });

  const blockOf = (operation: string) => page.locator(`[id^="operations-"][id$="-${operation}"]`);

  /** Fills in the operation like a user, and returns the status that the page shows. */
  async function tryOut(operation: string, body?: object, parameter?: string): Promise<number> {
    const block = blockOf(operation);
    if (!(await block.evaluate((element) => element.classList.contains('is-open')))) {
      await block.locator('.opblock-summary-control').click();
    }
    if (body !== undefined) await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
    if (parameter !== undefined) await block.locator('.parameters input').fill(parameter);
    const clear = block.locator('.btn-clear');
    if ((await clear.count()) > 0) await clear.click();
    await block.locator('.execute').click();
    const status = block.locator('.live-responses-table .response-col_status').last();
    await status.waitFor();
    return Number.parseInt(await status.innerText(), 10);
  }

  const padlockOf = (operation: string) => page.locator(`[id$="-${operation}"] .authorization__btn`);
  const isAuthorised = async (): Promise<boolean> =>
    (await page.locator('.auth-wrapper .btn.authorize.locked').count()) > 0;

  const waitUntil = (state: 'locked' | 'unlocked'): Promise<void> =>
    page.locator(`.auth-wrapper .btn.authorize.${state}`).waitFor();

  /** Sends a request outside of the page, like another client. */
  const call = async (path: string, init: { method: string; token?: string; body?: object }): Promise<Response> =>
    fetch(server.url + path, {
      method: init.method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${init.token}` },
      body: JSON.stringify(init.body ?? {}),
    });

  async function logIn(): Promise<{ sub: string; sid: string }> {
    expect(await tryOut('login', credentials)).toBe(200);
    await waitUntil('locked');
    const answer = await blockOf('login').locator('.live-responses-table .highlight-code').first().innerText();
    const [, payload = ''] = /"access_token":\s*"[^".]+\.([^".]+)\./.exec(answer) ?? [];
    return JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub: string; sid: string };
  }

  const credentials = { email: 'ada@example.com', password: 'the analytical engine' };

  it('Swagger UI shows a padlock at guarded routes and none at open routes', async () => {
    expect(await padlockOf('login').count()).toBe(0);
    expect(await padlockOf('register').count()).toBe(0);
    expect(await padlockOf('readMe').count()).toBe(1);
    await page.screenshot({ path: join(screenshots, `${adapter}-docs.png`), fullPage: true });
  });

  it.each(['/docs//', '/docs///x', '/docs//swagger-ui.css'])('Swagger UI has only one URL: %s', async (path) => {
    const answer = await fetch(server.url + path);
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([404, 'not-found']);
  });

  it('Swagger UI shows an example of each body that can be sent as it is', async () => {
    const block = page.locator('[id$="-login"]');
    await block.locator('.opblock-summary-control').click();
    expect(JSON.parse(await block.locator('textarea.body-param__text').inputValue())).toMatchObject({
      email: expect.stringContaining('@'),
      password: expect.any(String),
    });
  });

  it('Swagger UI can register a user', async () => {
    expect(await tryOut('register', credentials)).toBe(201);
  });

  it('Swagger UI is rejected at a guarded route before the login', async () => {
    expect(await tryOut('readMe')).toBe(401);
  });

  it('Swagger UI is authorized automatically after the login', async () => {
    expect(await isAuthorised()).toBe(false);
    expect(await tryOut('login', credentials)).toBe(200);
    await waitUntil('locked');
    expect(await tryOut('readMe')).toBe(200);
    await page.screenshot({ path: join(screenshots, `${adapter}-signed-in.png`), fullPage: true });
  });

  it('Swagger UI refreshes its token once before it expires, and continues', async () => {
    expect(refreshes).toHaveLength(0);
    await page.clock.fastForward('15:00');
    expect(await tryOut('readMe')).toBe(200);
    expect(await tryOut('listSessions')).toBe(200);
    expect(refreshes).toHaveLength(1);
  });

  it('Swagger UI is signed out by the logout', async () => {
    expect(await tryOut('logout')).toBe(204);
    await waitUntil('unlocked');
    expect(await isAuthorised()).toBe(false);
    expect(await tryOut('readMe')).toBe(401);
  });

  // The page is the same on both adapters, so tests that do not depend on the adapter run once.
  if (adapter === 'fastify') {
    it.each([
      ['the network fails', (route: Route) => route.abort()],
      ['the server is busy', (route: Route) => route.fulfill({ status: 503, json: { code: 'service-unavailable' } })],
    ])('Swagger UI stays signed in if %s at the refresh, and refreshes at the next request', async (_name, fail) => {
      await logIn();
      await page.route('**/auth/refresh', fail);
      await page.clock.fastForward('15:00');
      expect(await tryOut('readMe')).toBe(200);
      expect(await isAuthorised()).toBe(true);
      await page.unroute('**/auth/refresh');
      const before = refreshes.length;
      expect(await tryOut('readMe')).toBe(200);
      expect(await tryOut('listSessions')).toBe(200);
      expect(refreshes).toHaveLength(before + 1);
      expect(await isAuthorised()).toBe(true);
    });

    it('Swagger UI is signed out if the refresh is rejected', async () => {
      await logIn();
      await page.route('**/auth/refresh', (route) =>
        route.fulfill({ status: 401, json: { code: 'refresh-token-invalid' } }),
      );
      await page.clock.fastForward('15:00');
      await tryOut('readMe');
      await waitUntil('unlocked');
      await page.unroute('**/auth/refresh');
    });

    it('Swagger UI is signed out when another device ends the session', async () => {
      const { sid } = await logIn();
      const { access_token: token } = (await (
        await call('/auth/login', { method: 'POST', body: credentials })
      ).json()) as { access_token: string };
      expect((await call(`/auth/sessions/${sid}`, { method: 'DELETE', token })).status).toBe(204);
      expect(await tryOut('readMe')).toBe(401);
      await waitUntil('unlocked');
    });

    it('Swagger UI is signed out by the end of its own session only', async () => {
      const { sid } = await logIn();
      const other = JSON.parse(
        Buffer.from(
          (
            (await (await call('/auth/login', { method: 'POST', body: credentials })).json()) as {
              access_token: string;
            }
          ).access_token.split('.')[1]!,
          'base64url',
        ).toString(),
      ) as { sid: string };
      expect(await tryOut('endSession', undefined, other.sid)).toBe(204);
      expect(await tryOut('readMe')).toBe(200);
      expect(await isAuthorised()).toBe(true);
      expect(await tryOut('endSession', undefined, sid)).toBe(204);
      await waitUntil('unlocked');
    });

    it('Swagger UI is signed out by logout-all', async () => {
      await logIn();
      expect(await tryOut('logoutAll')).toBe(204);
      await waitUntil('unlocked');
    });

    it('Swagger UI is signed out when its user is disabled or deletes the account', async () => {
      const { sub } = await logIn();
      // A user needs a scope for this, which the claims of a team can give.
      await page.route(`**/users/${sub}/disable`, (route) => route.fulfill({ json: { id: sub } }));
      expect(await tryOut('disableUser', undefined, sub)).toBe(200);
      await waitUntil('unlocked');
      await logIn();
      expect(await tryOut('deleteMe', { password: credentials.password })).toBe(204);
      await waitUntil('unlocked');
    });
  }

  it('Swagger UI accepts a token from elsewhere, and shows the beginning of an endless stream', async () => {
    const made = runBuilt('token', ['--scope', 'revocations:read', '--subject', 'orders'], environment(), folder.path);
    await page.locator('.auth-wrapper .btn.authorize').click();
    await page.locator('.auth-container input').fill(made.stdout.trim());
    await page.locator('.auth-container .btn.authorize').click();
    await page.locator('.auth-container .btn-done').click();
    const block = blockOf('followRevocations');
    await block.locator('.opblock-summary-control').click();
    await block.locator('.response-control-media-type select').first().selectOption('text/event-stream');
    const answered = page.waitForResponse(/\/auth\/revocations/);
    const status = tryOut('followRevocations');
    await answered;
    // The page shows the events of five seconds. The first event arrives at once, so the clock of the page need not
    // wait.
    await delay(500);
    await page.clock.fastForward(5000);
    expect(await status).toBe(200);
    await page.screenshot({ path: join(screenshots, `${adapter}-stream.png`), fullPage: true });
    expect(await block.locator('.live-responses-table').innerText()).toMatch(/event: reset/);
  });

  it.each(['docs', 'docs/'])('Swagger UI calls the server below the path that a proxy strips (%s)', async (path) => {
    const proxy = createServer((incoming, answer) => {
      const url = new URL(incoming.url!.replace(/^\/id\//, '/'), server.url);
      const onward = request(url, { method: incoming.method, headers: incoming.headers }, (response) => {
        answer.writeHead(response.statusCode!, response.headers);
        response.pipe(answer);
      });
      incoming.pipe(onward);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    const other = await browser.newPage();
    const asked: string[] = [];
    other.on('request', (sent) => asked.push(sent.url()));
    await other.goto(`${origin}/id/${path}`);
    const block = other.locator('[id$="-live"]');
    await block.locator('.opblock-summary-control').click();
    await block.locator('.execute').click();
    const status = block.locator('.live-responses-table .response-col_status').last();
    expect(Number.parseInt(await status.innerText(), 10)).toBe(200);
    expect(asked).toContain(`${origin}/id/health/live`);
    expect(asked.filter((url) => url.endsWith('/docs-json'))).toEqual([]);
    await other.screenshot({ path: join(screenshots, `${adapter}-proxied.png`) });
    await other.close();
    proxy.closeAllConnections();
    proxy.close();
  });

  it('Swagger UI fits the width of a phone', async () => {
    expect(await page.locator('meta[name=viewport]').getAttribute('content')).toContain('width=device-width');
  });

  it('Swagger UI has logged no error to the console', () => {
    expect(complaints).toEqual([]);
  });
});
