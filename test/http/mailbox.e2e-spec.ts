import { documentOf, PosternModule } from 'postern';
import { html, Outbox } from 'postern/mail';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { until } from '../support/until.js';

const LINK = 'http://localhost:3000/recover?token=3FJx0&next=%2F';

describe.each(['fastify', 'express'] as const)('the mailbox on %s', (adapter) => {
  let database: TestDatabase;
  beforeAll(async () => void (database = await createTestDatabase()));
  afterAll(() => database?.drop());

  const start = (production: boolean): Promise<TestApplication> =>
    startTestApplication(
      PosternModule.forRoot({
        issuer: 'http://localhost:3000',
        secret: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
        databaseUrl: database.url,
        production,
      }),
      { adapter },
    );

  it('the mailbox shows the sent mails, the newest first, with working links and without scripts', async () => {
    const app = await start(false);
    try {
      const outbox = app.nest.get(Outbox);
      await outbox.add({ kind: 'first', to: 'ada@example.com', subject: 'First', text: 'one' });
      const hostile = '</pre><script>alert(1)</script>';
      const body = String(html`<p>${hostile}</p>`);
      await outbox.add({ kind: 'second', to: 'ada@example.com', subject: hostile, text: `See ${LINK}.`, html: body });
      type Entry = { kind: string; links: string[]; sentAt: string | null; text: string };
      const read = async (): Promise<Entry[]> => (await app.call<Entry[]>('GET', '/dev/mailbox.json')).body;
      await until(async () => (await read()).every(({ sentAt }) => sentAt !== null));
      expect(await read()).toMatchObject([
        { kind: 'second', to: 'ada@example.com', subject: hostile, text: `See ${LINK}.`, html: body, links: [LINK] },
        { kind: 'first', html: null, links: [], attempts: 1, lastError: null },
      ]);
      const page = await app.call<string>('GET', '/dev/mailbox');
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /);
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(page.body).toContain(`<a href="${LINK.replace('&', '&amp;')}" target="_blank" rel="noopener noreferrer">`);
      expect(page.body).not.toContain('<script');
      expect(page.body.indexOf('<dd>second</dd>')).toBeLessThan(page.body.indexOf('<dd>first</dd>'));
      expect(documentOf(app.nest).info.description).toContain('(./dev/mailbox)');
    } finally {
      await app.close();
    }
  });

  it('the mailbox is absent in production, also for mails from before', async () => {
    const app = await start(true);
    try {
      const unknown = await app.call('GET', '/dev/nothing');
      for (const path of ['/dev/mailbox', '/dev/mailbox.json']) {
        const answer = await app.call('GET', path);
        expect([answer.status, answer.body['code']]).toEqual([404, unknown.body['code']]);
        expect(JSON.stringify(answer.body)).not.toContain('ada@');
      }
      expect(documentOf(app.nest).info.description).not.toContain('mailbox');
    } finally {
      await app.close();
    }
  });
});
