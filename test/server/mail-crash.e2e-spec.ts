import pg from 'pg';
import { createTestDatabase } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { SmtpInbox } from '../sql/mail/smtp-inbox.js';
import { build, startBuiltServer, temporaryFolder } from '../support/built-server.js';
import { until } from '../support/until.js';

const ACCOUNT = { email: 'ada@example.com', password: 'seven small boats at noon' };

describe('a mail and the death of its server', () => {
  const folder = temporaryFolder();
  let database: TestDatabase;
  let client: pg.Client;

  beforeAll(async () => {
    build();
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  }, 300_000);
  afterAll(async () => {
    await client?.end();
    await database?.drop();
    folder.remove();
  });

  it('another server sends the mail of a server that was killed during the SMTP dialogue, once', async () => {
    let isHanging = true;
    let received = 0;
    const inbox = await SmtpInbox.open({}, async () => {
      received += 1;
      if (isHanging) await new Promise(() => undefined);
    });
    const environment = {
      NODE_ENV: 'production',
      POSTERN_ISSUER: 'http://localhost:3000',
      POSTERN_SECRET: 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe',
      DATABASE_URL: database.url,
      SMTP_URL: inbox.url,
      MAIL_FROM: 'no-reply@acme.test',
    };
    const killed = await startBuiltServer(environment, folder.path);
    let heir;
    try {
      const registration = await fetch(`${killed.url}/auth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(ACCOUNT),
      });
      expect(registration.status).toBe(201);
      await until(() => received === 1);
      await killed.stop('SIGKILL');
      isHanging = false;
      heir = await startBuiltServer(environment, folder.path);
      // The lease of the dead server has not ended.
      const { rowCount } = await client.query('SELECT 1 FROM outbox_mails WHERE due_at > clock_timestamp()');
      expect([rowCount, inbox.mails]).toEqual([1, []]);
      await client.query('UPDATE outbox_mails SET due_at = clock_timestamp()');
      await until(() => inbox.mails.length > 0, 20_000);
      await until(async () => (await client.query('SELECT 1 FROM outbox_mails')).rowCount === 0);
      expect(inbox.mails.map(({ to }) => to)).toEqual(['ada@example.com']);
    } finally {
      await killed.stop('SIGKILL');
      await heir?.stop();
      await inbox.close();
    }
  });
});
