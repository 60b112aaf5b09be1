import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createTestDatabase, type TestDatabase } from 'postern/testing';
import { build, type BuiltServer, startBuiltServer, temporaryFolder } from './built-server.js';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const browserPath = (process.env.PATH ?? '')
  .split(delimiter)
  .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  .find((path) => existsSync(path));
const screenshots = join(import.meta.dirname, '../.postern/screenshots');

if (browserPath === undefined) {
  process.stderr.write('Swagger UI is not tried: no Chromium is installed (Debian: apt-get install chromium).\n');
}
const whereThereIsABrowser = browserPath === undefined ? describe.skip : describe;

whereThereIsABrowser.each(['fastify', 'express'])('Swagger UI on %s', (adapter) => {
  const folder = temporaryFolder();
  const complaints: string[] = [];
  const refreshes: string[] = [];
  let database: TestDatabase;
  let server: BuiltServer;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    build();
    await mkdir(screenshots, { recursive: true });
    database = await createTestDatabase();
    server = await startBuiltServer({ DATABASE_URL: database.url, POSTERN_HTTP_ADAPTER: adapter }, folder.path);
    browser = await chromium.launch({
      executablePath: browserPath!,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    page = await browser.newPage({ viewport: { width: 1300, height: 1600 } });
    page.on('console', (message) => {
      // The browser reports each answer above 399 as an error of its own: those are what the page is for.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (request.url().endsWith('/auth/refresh')) refreshes.push(request.url());
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

  /** Fills in the operation as a person does, and answers the status that the page shows. */
  async function tryOut(operation: string, body?: object): Promise<number> {
    const block = page.locator(`[id^="operations-"][id$="-${operation}"]`);
    if (!(await block.evaluate((element) => element.classList.contains('is-open')))) {
      await block.locator('.opblock-summary-control').click();
    }
    if (body !== undefined) await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
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

  const credentials = { email: 'ada@example.com', password: 'the analytical engine' };

  it('shows open routes open and guarded ones with a padlock', async () => {
    expect(await padlockOf('login').count()).toBe(0);
    expect(await padlockOf('register').count()).toBe(0);
    expect(await padlockOf('readMe').count()).toBe(1);
    await page.screenshot({ path: join(screenshots, `${adapter}-docs.png`), fullPage: true });
  });

  it('shows an example of each body, ready to be sent', async () => {
    const block = page.locator('[id$="-login"]');
    await block.locator('.opblock-summary-control').click();
    expect(JSON.parse(await block.locator('textarea.body-param__text').inputValue())).toMatchObject({
      email: expect.stringContaining('@'),
      password: expect.any(String),
    });
  });

  it('registers', async () => {
    expect(await tryOut('register', credentials)).toBe(201);
  });

  it('is refused at a guarded route before it has logged in', async () => {
    expect(await tryOut('readMe')).toBe(401);
  });

  it('is authorised by itself after the log-in', async () => {
    expect(await isAuthorised()).toBe(false);
    expect(await tryOut('login', credentials)).toBe(200);
    await page.locator('.auth-wrapper .btn.authorize.locked').waitFor();
    expect(await tryOut('readMe')).toBe(200);
    await page.screenshot({ path: join(screenshots, `${adapter}-signed-in.png`), fullPage: true });
  });

  it('renews its token before it expires, once, and goes on', async () => {
    expect(refreshes).toHaveLength(0);
    await page.clock.fastForward('15:00');
    expect(await tryOut('readMe')).toBe(200);
    expect(await tryOut('listSessions')).toBe(200);
    expect(refreshes).toHaveLength(1);
  });

  it('is signed out by the log-out', async () => {
    expect(await tryOut('logout')).toBe(204);
    await page.locator('.auth-wrapper .btn.authorize.unlocked').waitFor();
    expect(await isAuthorised()).toBe(false);
    expect(await tryOut('readMe')).toBe(401);
  });

  it('has had nothing to complain about in the console', () => {
    expect(complaints).toEqual([]);
  });
});
