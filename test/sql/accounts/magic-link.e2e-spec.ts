import { Module } from '@nestjs/common';
import { documentOf, PosternModule } from 'postern';
import { Clock } from 'postern/auth';
import { Database } from 'postern/persistence';
import { createTestDatabase, ManualClock, startTestApplication } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { UserDeletion, UsersService } from 'postern/users';
import { decodeJwt } from 'jose';
import { SmtpInbox } from '../mail/smtp-inbox.js';
import { MailUser } from './mailed-links.js';

const PASSWORD = 'seven small boats at noon';
const INVALID = { status: 400, body: { code: 'one-time-token-invalid' } };
const OTHER_BROWSER = { status: 403, body: { code: 'magic-link-other-browser' } };

describe('magic links', () => {
  let database: TestDatabase;
  let inbox: SmtpInbox;
  let user: MailUser;
  let other: MailUser;
  let serial = 0;

  const moduleOf = (magicLink: boolean, publicUrl: string) => {
    @Module({
      imports: [
        PosternModule.forRoot({
          issuer: 'https://id.acme.test',
          secret: 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-magic',
          databaseUrl: database.url,
          clock: ManualClock,
          password: { argon2: { memoryKiB: 1024, iterations: 1 } },
          mail: { smtpUrl: inbox.url, from: 'no-reply@acme.test', publicUrl },
          ...(magicLink && { controllers: { accountFlows: { magicLink } } }),
        }),
      ],
    })
    class MagicLinkModule {}
    return MagicLinkModule;
  };

  beforeAll(async () => {
    [database, inbox] = [await createTestDatabase(), await SmtpInbox.open()];
    user = new MailUser(await startTestApplication(moduleOf(true, 'https://id.acme.test')), inbox);
    const plain = moduleOf(true, 'http://localhost:3000');
    other = new MailUser(await startTestApplication(plain, { adapter: 'express' }), inbox);
  });
  afterAll(async () => {
    await user?.app.close();
    await other?.app.close();
    await inbox?.close();
    await database?.drop();
  });

  const users = () => user.app.nest.get(UsersService);
  const emailOf = (name: string) => `${name}-${(serial += 1)}@example.com`;
  const pass = (seconds: number) => {
    for (const { app } of [user, other]) app.nest.get<ManualClock>(Clock).advance(seconds);
  };

  async function somebody(isVerified = true): Promise<{ id: string; email: string }> {
    const email = emailOf('ada');
    const { body } = await user.post('/auth/register', { email, password: PASSWORD });
    const id = body['id'] as string;
    if (isVerified) await users().update(id, { emailVerifiedAt: new Date() });
    return { id, email };
  }

  const request = (email: string, more: object = {}, on = user) => on.post('/auth/magic-link', { email, ...more });
  const logIn = (token: string, more: object = {}, headers?: Record<string, string>, on = user) =>
    on.post('/auth/magic-link/login', { token, ...more }, undefined, headers);
  /** The code and the token of a new link. */
  async function link(email: string): Promise<{ token: string; browserCode: string }> {
    const { body } = await request(email, { binding: 'code' });
    return { browserCode: body['browserCode'] as string, token: await user.token('magic-link', email) };
  }

  it.each(['fastify', 'express'] as const)(
    'the browser that asked is logged in by its cookie, once: %s',
    async (adapter) => {
      const on = adapter === 'fastify' ? user : other;
      const { id, email } = await somebody();
      const sent = await request(email.toUpperCase(), {}, on);
      expect([sent.status, Object.keys(sent.body)]).toEqual([202, ['message']]);
      const [cookie = '', ...attributes] = sent.headers.get('set-cookie')!.split('; ');
      const secure = adapter === 'fastify' ? ['Secure'] : [];
      expect(attributes.toSorted()).toEqual(['HttpOnly', 'Max-Age=900', 'Path=/', 'SameSite=Lax', ...secure]);
      expect(cookie).toMatch(adapter === 'fastify' ? /^__Host-postern_magic_link=[\w-]{43}$/ : /^postern_magic_link=/);
      const mail = await user.mail('magic-link', email);
      const path = new URL(/https?:\/\/\S+/.exec(mail.text)![0]);
      expect(path.pathname).toBe('/account/magic-link');
      const token = new URLSearchParams(path.hash.slice(1)).get('token')!;
      expect(mail.text + mail.html).not.toContain(cookie.split('=')[1]);

      // P9: a scanner that opens the link does not spend it.
      for (const method of ['GET', 'HEAD']) expect((await on.app.call(method, path.pathname)).status).toBe(200);
      const strange: Record<string, string>[] = [
        {},
        { cookie: `${cookie}x` },
        { cookie: cookie.replace('postern', 'other') },
      ];
      for (const headers of strange) {
        expect(await logIn(token, {}, headers, on)).toMatchObject(OTHER_BROWSER);
      }
      const { status, body, headers } = await logIn(token, {}, { cookie: `theme=dark; ${cookie}` }, on);
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(decodeJwt(body.access_token!)).toMatchObject({ sub: id, amr: ['email'] });
      expect(await logIn(token, {}, { cookie }, on)).toMatchObject(INVALID);
      // The password of a verified user stays.
      await user.logIn(email, PASSWORD);
    },
  );

  it('a client without cookies keeps a code, and a wrong code does not spend the link', async () => {
    const { email } = await somebody();
    const { status, body, headers } = await request(email, { binding: 'code' });
    expect([status, headers.get('set-cookie')]).toEqual([202, null]);
    const token = await user.token('magic-link', email);
    for (const browserCode of ['', 'x', token])
      expect(await logIn(token, { browserCode })).toMatchObject(OTHER_BROWSER);
    expect((await logIn(token, { browserCode: body['browserCode'] })).status).toBe(200);
    expect((await request(email, { binding: 'none' })).status).toBe(400);
  });

  it('P2: a newer link replaces the older one, a link belongs to the address, and it expires', async () => {
    const { id, email } = await somebody();
    const [first, second] = [await link(email), await link(email)];
    expect(await logIn(first.token, first)).toMatchObject(INVALID);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => logIn(second.token, second, {}, index % 2 === 0 ? user : other)),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expect(answer).toMatchObject(INVALID);

    const third = await link(email);
    await users().update(id, { email: emailOf('moved') });
    expect(await logIn(third.token, third)).toMatchObject(INVALID);
    const next = await somebody();
    const late = await link(next.email);
    pass(900);
    expect(await logIn(late.token, late)).toMatchObject(INVALID);
    for (const token of ['', null, [], 0, undefined, 'undefined', `${late.token}=`]) {
      expect((await user.post('/auth/magic-link/login', { token, browserCode: late.browserCode })).status).toBe(400);
    }
  });

  it('E1, E3: the response is the same for a known, an unknown, an unverified, and a disabled user', async () => {
    const [known, unverified, disabled] = [await somebody(), await somebody(false), await somebody()];
    await users().disable(disabled.id);
    const seen: string[] = [];
    for (const binding of ['cookie', 'code']) {
      for (const email of [known.email, emailOf('nobody'), unverified.email, disabled.email]) {
        const { status, headers, body } = await request(email, { binding });
        const names = [...headers].map(([name, value]) => [name, value.replaceAll(/[\w-]{43}/g, 'CODE')]);
        const shown = names.filter(([name]) => !['date', 'x-request-id'].includes(name!));
        seen.push(
          JSON.stringify([status, shown, body])
            .replaceAll(/[\w-]{43}/g, 'CODE')
            .replaceAll(/[\da-f-]{36}/g, 'ID'),
        );
      }
      expect(new Set(seen).size).toBe(1);
      seen.length = 0;
    }
    await user.mail('magic-link', known.email);
    await user.mail('magic-link', unverified.email);
    const kinds = inbox.mails.filter(({ to }) => to === disabled.email).map(({ headers }) => headers['x-postern-kind']);
    expect(kinds).not.toContain('magic-link');
    const rows = await user.app.nest
      .get(Database)
      .manager.query<object[]>(`SELECT 1 FROM outbox_mails WHERE user_id = $1 AND kind = 'magic-link'`, [disabled.id]);
    expect(rows).toEqual([]);
  });

  it('a user who is disabled after the request is rejected like an unknown one', async () => {
    const { id, email } = await somebody();
    const { token, browserCode } = await link(email);
    await users().disable(id);
    expect(await logIn(token, { browserCode })).toMatchObject(INVALID);
  });

  it('P10: the link verifies the address, and ends the password and the sessions from before', async () => {
    const { id, email } = await somebody(false);
    const thief = await user.logIn(email, PASSWORD);
    const { token, browserCode } = await link(email);
    const { body } = await logIn(token, { browserCode });
    expect((await users().findById(id))!.emailVerifiedAt).not.toBeNull();
    expect((await user.app.call('GET', '/users/me', { token: thief })).status).toBe(401);
    expect((await user.post('/auth/login', { email, password: PASSWORD })).status).toBe(401);
    expect((await user.app.call('GET', '/users/me', { token: body.access_token! })).status).toBe(200);
    // Without a password, the recent login confirms the deletion.
    expect((await user.app.call('DELETE', '/users/me', { token: body.access_token!, body: {} })).status).toBe(204);
  });

  it('a login by a link cancels the deletion of the account', async () => {
    const { id, email } = await somebody();
    await user.app.nest.get(UserDeletion).request(id);
    pass(2);
    const { token, browserCode } = await link(email);
    expect((await logIn(token, { browserCode })).status).toBe(200);
    expect((await users().findById(id))!.deletionAt).toBeNull();
  });

  it('an application has no magic links by default', async () => {
    const app = await startTestApplication(moduleOf(false, 'https://id.acme.test'));
    const answers = await Promise.all(
      ['', '/login'].map((path) => app.call('POST', `/auth/magic-link${path}`, { body: {} })),
    );
    const paths = Object.keys(documentOf(app.nest).paths);
    await app.close();
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
    expect(paths.filter((path) => path.includes('magic'))).toEqual([]);
  });
});
