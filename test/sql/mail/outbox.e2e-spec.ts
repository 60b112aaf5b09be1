import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { DynamicModule, LoggerService } from '@nestjs/common';
import { PosternModule } from 'postern';
import type { PosternSettings, PosternStructure } from 'postern';
import { Registration } from 'postern/accounts';
import { MailFailed, Outbox } from 'postern/mail';
import { Database } from 'postern/persistence';
import { createTestDatabase, startTestApplication } from 'postern/testing';
import type { TestApplication, TestDatabase } from 'postern/testing';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { until } from '../../support/until.js';
import { SmtpInbox } from './smtp-inbox.js';

const SECRET = 'Wd4mT8qLx2vZ6nKp0rYc5jHb9sGf3aUe';
const PASSWORD = 'seven small boats at noon';
const LINK = 'https://id.acme.test/recover?token=3FJx0-one-time';

class LineLogger implements LoggerService {
  readonly lines: string[] = [];
  private readonly keep = (...parts: unknown[]): void => void this.lines.push(parts.map(String).join(' '));
  log = this.keep;
  error = this.keep;
  warn = this.keep;
  debug = this.keep;
  verbose = this.keep;
}

describe('the mail outbox', () => {
  let database: TestDatabase;
  let inbox: SmtpInbox;
  let logger: LineLogger;
  const closers: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
    inbox = await SmtpInbox.open();
    logger = new LineLogger();
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    await inbox.close();
    await database.drop();
  });

  async function start(
    mail: PosternSettings['mail'],
    more: Partial<PosternSettings & PosternStructure> = {},
  ): Promise<TestApplication> {
    const module: DynamicModule = PosternModule.forRoot({
      issuer: 'https://id.acme.test',
      secret: SECRET,
      databaseUrl: database.url,
      production: true,
      productName: 'Acme',
      password: { argon2: { memoryKiB: 1024, iterations: 1 } },
      mail: { from: 'Acme <no-reply@acme.test>', ...mail },
      ...more,
    });
    const app = await startTestApplication(module, { logger });
    closers.push(() => app.close());
    return app;
  }

  /** A registration with a verified address sends no mail. */
  const signUp = (app: TestApplication, account: { email: string; password: string }) =>
    app.nest.get(Registration).register({ ...account, emailVerifiedAt: new Date() });
  const mailTo = (to: string) => ({ kind: 'test', to, subject: `Mail to ${to}`, text: `Follow ${LINK}\n` });
  const rows = (app: TestApplication): Promise<Record<string, unknown>[]> =>
    app.nest.get(Database).manager.query('SELECT * FROM outbox_mails ORDER BY id');
  const add = (app: TestApplication, to: string): Promise<void> => app.nest.get(Outbox).add(mailTo(to));
  const failedRow = async (app: TestApplication): Promise<Record<string, unknown>> =>
    (await until(async () => (await rows(app)).find(({ last_error: error }) => error !== null)))!;
  /** As if the time of the lease or of the delay had passed. */
  const elapse = (app: TestApplication) =>
    app.nest.get(Database).manager.query('UPDATE outbox_mails SET due_at = clock_timestamp()');

  it('the notice of a changed password arrives through SMTP in the language of the request, and its row is deleted', async () => {
    const app = await start({ smtpUrl: inbox.url, pollSeconds: 60 });
    const account = { email: 'ada@example.com', password: PASSWORD };
    await signUp(app, account);
    const { body } = await app.call<{ access_token: string }>('POST', '/auth/login', { body: account });
    const change = { currentPassword: PASSWORD, newPassword: 'nine grey herons by the weir' };
    const headers = { 'accept-language': 'fr, ko-KR;q=0.8, en;q=0.5', 'x-forwarded-host': 'evil.test' };
    const request = { token: body.access_token, body: change, headers };
    expect((await app.call('POST', '/auth/password/change', request)).status).toBe(204);
    const mail = (await until(() => inbox.mails[0]))!;
    expect(mail).toMatchObject({ to: 'ada@example.com', subject: 'Acme 비밀번호가 변경되었습니다' });
    expect(mail.headers).toMatchObject({ 'auto-submitted': 'auto-generated', from: 'Acme <no-reply@acme.test>' });
    for (const content of [mail.text, mail.html]) {
      expect(content).toContain('https://id.acme.test/');
      expect(content).not.toContain('evil.test');
    }
    await until(async () => (await rows(app)).length === 0);
    expect(inbox.mails).toHaveLength(1);
  });

  it('a password change whose notice cannot be stored is rolled back', async () => {
    const app = await start({ smtpUrl: inbox.url });
    const account = { email: 'ada@example.com', password: PASSWORD };
    await signUp(app, account);
    const { body } = await app.call<{ access_token: string }>('POST', '/auth/login', { body: account });
    const sql = (statement: string) => app.nest.get(Database).manager.query(statement);
    await sql('ALTER TABLE outbox_mails ADD CONSTRAINT full_disk CHECK (kind IS NULL)');
    const change = { currentPassword: PASSWORD, newPassword: 'nine grey herons by the weir' };
    const request = { token: body.access_token, body: change };
    expect((await app.call('POST', '/auth/password/change', request)).status).toBe(500);
    expect((await app.call('POST', '/auth/login', { body: account })).status).toBe(200);
    await sql('ALTER TABLE outbox_mails DROP CONSTRAINT full_disk');
    expect((await app.call('POST', '/auth/password/change', request)).status).toBe(204);
    await until(() => inbox.mails.length === 1);
  });

  it('a mail is sent only after the commit of its transaction, and never after a rollback', async () => {
    const app = await start({ smtpUrl: inbox.url, pollSeconds: 0.1 });
    const transactions = app.nest.get(Database);
    const failing = transactions.transaction(async () => {
      await add(app, 'rolled-back@example.com');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await transactions.transaction(async () => {
      await add(app, 'committed@example.com');
      await add(app, 'second@example.com');
      await app.nest.get(Outbox).add(mailTo('third@example.com'));
      // Another connection sends this one; a worker that saw the others would send them first.
      await transactions.independently(() => add(app, 'independent@example.com'));
      await until(() => inbox.mails.length === 1);
      expect(inbox.mails.map(({ to }) => to)).toEqual(['independent@example.com']);
    });
    await until(() => inbox.mails.length === 4);
    expect(inbox.mails.map(({ to }) => to)).not.toContain('rolled-back@example.com');
  });

  it('two replicas send each of 50 mails exactly once', async () => {
    let concurrent = 0;
    let maximum = 0;
    const busy = await SmtpInbox.open({}, async () => {
      maximum = Math.max(maximum, (concurrent += 1));
      await delay(50);
      concurrent -= 1;
    });
    closers.push(() => busy.close());
    const mail = { smtpUrl: busy.url, pollSeconds: 0.1, concurrency: 4 };
    const [first, second] = [await start(mail), await start(mail)];
    const recipients = Array.from({ length: 50 }, (_, n) => `user-${n}@example.com`);
    await first.nest.get(Database).transaction(async () => {
      for (const to of recipients) await add(first, to);
    });
    await add(second, 'user-50@example.com');
    await until(async () => (await rows(first)).length === 0);
    expect(busy.mails.map(({ to }) => to).sort()).toEqual([...recipients, 'user-50@example.com'].sort());
    // Both replicas took part.
    expect(maximum).toBeGreaterThan(4);
  });

  it('a server that hangs delays only its own mail, and the mail arrives once after the timeout', async () => {
    let isHanging = true;
    const release: (() => void)[] = [];
    const slow = await SmtpInbox.open({}, async (to) => {
      if (to.startsWith('slow') && isHanging)
        await new Promise<void>((_, reject) => release.push(() => reject(new Error('late'))));
    });
    closers.push(() => slow.close());
    const app = await start({ smtpUrl: slow.url, smtpTimeoutSeconds: 1, pollSeconds: 0.1 });
    await add(app, 'slow@example.com');
    await until(() => release.length > 0);
    const quick = Array.from({ length: 10 }, (_, n) => `quick-${n}@example.com`);
    for (const to of quick) await add(app, to);
    await until(() => slow.mails.length === quick.length);
    await until(async () => (await rows(app)).length === 1);
    await until(() => logger.lines.some((line) => line.includes('will retry')));
    isHanging = false;
    release.forEach((settle) => settle());
    await elapse(app);
    await until(() => slow.mails.length === quick.length + 1);
    expect(slow.mails.at(-1)?.to).toBe('slow@example.com');
  });

  it('a server that sends no greeting, or a byte at a time, is left after the timeout, and the start and the stop do not wait', async () => {
    const sockets = new Set<Socket>();
    const silent: Server = createServer((socket) => sockets.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    closers.push(async () => {
      sockets.forEach((socket) => socket.destroy());
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const app = await start({ smtpUrl: `smtp://127.0.0.1:${port}`, smtpTimeoutSeconds: 1, pollSeconds: 0.1 });
    await add(app, 'ada@example.com');
    await until(() => sockets.size > 0);
    const dripping = setInterval(() => sockets.forEach((socket) => socket.write('2')), 200);
    closers.push(async () => clearInterval(dripping));
    const line = await until(() => logger.lines.find((each) => each.includes('will retry')));
    expect(line).toMatch(/\(test\) failed, will retry in \d+ s: SMTP failed: /);
  });

  it('the password of the SMTP server, the text, and the recipient are in no log line, row, and event', async () => {
    const rejecting = await SmtpInbox.open({
      authOptional: false,
      onAuth: (_, __, callback) => callback(new Error(`535 hunter2 ${LINK} is wrong`)),
    });
    closers.push(() => rejecting.close());
    const app = await start({ smtpUrl: `smtp://postern:hunter2@127.0.0.1:${rejecting.port}`, pollSeconds: 0.1 });
    await add(app, 'ada@example.com');
    await until(() => logger.lines.some((line) => line.includes('will retry')));
    const row = await failedRow(app);
    expect(row).toMatchObject({ last_error: 'SMTP failed: EAUTH 535', attempts: 1 });
    const told = `${logger.lines.join('\n')}\n${JSON.stringify(row)}\n${(row.content as Buffer).toString('latin1')}`;
    expect(told).not.toMatch(/hunter2|one-time|ada@example/);
  });

  it('a rejected recipient and a mail that failed for a day are given up with an event', async () => {
    const rejecting = await SmtpInbox.open({
      onRcptTo: ({ address }, _, callback) =>
        callback(Object.assign(new Error(`no ${address}`), { responseCode: address.startsWith('gone') ? 550 : 451 })),
    });
    closers.push(() => rejecting.close());
    const app = await start({ smtpUrl: rejecting.url, pollSeconds: 0.1 });
    const failed: MailFailed[] = [];
    app.nest.get(EventEmitter2).on(MailFailed.type, (event: MailFailed) => void failed.push(event));
    await add(app, 'gone@example.com');
    await until(() => failed.length === 1);
    await add(app, 'busy@example.com');
    const row = await failedRow(app);
    expect((row.due_at as Date).getTime()).toBeGreaterThan((row.created_at as Date).getTime() + 1000);
    await app.nest.get(Database).manager.query(`UPDATE outbox_mails SET created_at = created_at - interval '25 hours'`);
    await elapse(app);
    await until(() => failed.length === 2);
    expect(failed).toMatchObject([
      { kind: 'test', reason: 'rejected', attempts: 1 },
      { kind: 'test', reason: 'expired', attempts: 2 },
    ]);
    expect(JSON.stringify(failed)).not.toMatch(/example\.com|one-time/);
    expect(await rows(app)).toEqual([]);
  });

  it.each([{ smtpUrl: undefined }, { smtpUrl: 'smtp://127.0.0.1:1', from: undefined }])(
    'production without a complete mailer starts with a warning, and each mail waits with a clear error: %p',
    async (mail) => {
      const app = await start({ ...mail, pollSeconds: 0.1 });
      expect(logger.lines.find((line) => line.includes('No mail will be sent'))).toContain('SMTP_URL and MAIL_FROM');
      await add(app, 'ada@example.com');
      const line = await until(() => logger.lines.find((each) => each.includes('will retry')));
      expect(line).toContain('No mailer is configured. Set smtpUrl and from');
    },
  );
});
