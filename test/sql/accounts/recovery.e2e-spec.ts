import { request } from 'node:http';
import { Module } from '@nestjs/common';
import { PosternModule } from 'postern';
import type { HttpSettings } from 'postern';
import { Clock } from 'postern/auth';
import { createTestDatabase, ManualClock, startTestApplication } from 'postern/testing';
import type { TestDatabase } from 'postern/testing';
import { UsersService } from 'postern/users';
import { SmtpInbox } from '../mail/smtp-inbox.js';
import { MailUser, tokenIn } from './mailed-links.js';

const PUBLIC = 'https://id.acme.test';
const PASSWORD = 'seven small boats at noon';
const NEW = 'nine grey herons by the weir';
const INVALID = { status: 400, body: { code: 'one-time-token-invalid' } };

/** Hashes are cheap here: each test is about a flow. */
function moduleOf(databaseUrl: string, smtpUrl: string): new () => object {
  @Module({
    imports: [
      PosternModule.forRoot({
        issuer: 'https://issuer.acme.test',
        secret: 'n4Yw9Qe7Rt2Ui5Op8As1Df3Gh6Jk0LzXc-flows',
        databaseUrl,
        clock: ManualClock,
        password: { argon2: { memoryKiB: 1024, iterations: 1 } },
        mail: { publicUrl: PUBLIC, smtpUrl, from: 'no-reply@acme.test' },
      }),
    ],
  })
  class FlowsModule {}
  return FlowsModule;
}

let database: TestDatabase;
let inbox: SmtpInbox;
let user: MailUser;
let other: MailUser;
let count = 0;

beforeAll(async () => {
  [database, inbox] = [await createTestDatabase(), await SmtpInbox.open()];
  const module = moduleOf(database.url, inbox.url);
  const http: HttpSettings = { trustProxy: true };
  user = new MailUser(await startTestApplication(module, { http }), inbox);
  other = new MailUser(await startTestApplication(module, { adapter: 'express', http }), inbox);
});
afterAll(async () => {
  await user?.app.close();
  await other?.app.close();
  await inbox?.close();
  await database?.drop();
});

/** Registers a user, with the token of the mail that verifies the address. */
async function registered(name = `user${(count += 1)}`): Promise<{ email: string; id: string; verification: string }> {
  const email = `${name}@example.com`;
  const { status, body } = await user.post('/auth/register', { email, password: PASSWORD });
  expect(status).toBe(201);
  return { email, id: body['id'] as string, verification: await user.token('verify-email', email) };
}
const users = () => user.app.nest.get(UsersService);
const advance = (seconds: number) => {
  for (const { app } of [user, other]) app.nest.get<ManualClock>(Clock).advance(seconds);
};

describe('the verification of an address', () => {
  it('an address is verified once by its latest link, which expires and belongs to the address', async () => {
    const { email, id, verification } = await registered();
    expect((await user.post('/auth/email/resend', { email })).status).toBe(202);
    const latest = await user.token('verify-email', email);
    expect(await user.post('/auth/email/verify', { token: verification })).toMatchObject(INVALID);
    // A token of one purpose is not valid for another.
    expect(await user.post('/auth/email/change/confirm', { token: latest })).toMatchObject(INVALID);
    expect((await user.post('/auth/email/verify', { token: latest })).status).toBe(204);
    expect((await users().findById(id))!.emailVerifiedAt).toBeInstanceOf(Date);
    expect(await user.post('/auth/email/verify', { token: latest })).toMatchObject(INVALID);

    const late = await registered();
    advance(86_400);
    expect(await user.post('/auth/email/verify', { token: late.verification })).toMatchObject(INVALID);

    const moved = await registered();
    await users().update(moved.id, { email: `moved-${moved.email}` });
    expect(await user.post('/auth/email/verify', { token: moved.verification })).toMatchObject(INVALID);
    const token = await user.token('verify-email', `moved-${moved.email}`);
    expect((await user.post('/auth/email/verify', { token })).status).toBe(204);
  });

  it('P7: a user cannot set the address or its verification', async () => {
    const { email, id, verification } = await registered();
    const token = await user.logIn(email, PASSWORD);
    const now = new Date().toISOString();
    for (const body of [{ emailVerifiedAt: now }, { email: 'admin@example.com' }, { user: { emailVerifiedAt: now } }]) {
      const { status } = await user.app.call('PATCH', '/users/me', { body, token });
      expect(status).toBe(400);
      expect((await user.post('/auth/email/verify', { token: verification, ...body })).status).toBe(400);
    }
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await user.post('/auth/email/verify', `token=${verification}`, undefined, headers)).status).toBe(415);
    expect(await users().findById(id)).toMatchObject({ email, emailVerifiedAt: null });
  });
});

describe('the reset of a password', () => {
  it('a reset ends all sessions, verifies the address, notifies the user, and logs no client in', async () => {
    const { email, id } = await registered();
    const token = await user.logIn(email, PASSWORD);
    await user.post('/auth/password/forgot', { email: email.toUpperCase() });
    const mail = await user.mail('reset-password', email);
    expect([mail.to, mail.text.includes(`${PUBLIC}/account/reset-password#token=`)]).toEqual([email, true]);
    const reset = tokenIn(mail);
    const weak = await user.post('/auth/password/reset', { token: reset, password: 'password1234' });
    expect(weak).toMatchObject({ status: 400, body: { code: 'password-rejected' } });
    const done = await user.post('/auth/password/reset', { token: reset, password: NEW });
    expect([done.status, done.body]).toEqual([204, undefined]);
    // The device is known from now on; its token is not a credential.
    expect(done.headers.get('set-cookie')).toMatch(/^__Host-postern-device=[^,]*$/);
    expect((await user.app.call('GET', '/users/me', { token })).status).toBe(401);
    expect(await user.post('/auth/login', { email, password: PASSWORD })).toMatchObject({ status: 401 });
    expect(await user.logIn(email, NEW)).toEqual(expect.any(String));
    expect((await user.mail('password-changed', email)).text).not.toContain('#token');
    expect((await users().findById(id))!.emailVerifiedAt).toBeInstanceOf(Date);
  });

  it('P2: of three links the last one works, once, in 50 parallel uses at two servers', async () => {
    const { email, id } = await registered();
    const tokens: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      await user.post('/auth/password/forgot', { email });
      tokens.push(await user.token('reset-password', email));
    }
    for (const token of tokens.slice(0, 2)) {
      expect(await user.post('/auth/password/reset', { token, password: NEW })).toMatchObject(INVALID);
    }
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        [user, other][n % 2]!.post('/auth/password/reset', { token: tokens[2], password: NEW }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([204, ...Array.from({ length: 49 }, () => 400)]);
    await user.mail('password-changed', email);

    // A changed address revokes the link, also if the former address comes back.
    await user.post('/auth/password/forgot', { email });
    const token = await user.token('reset-password', email);
    await users().update(id, { email: `other-${email}` });
    await users().update(id, { email });
    expect(await user.post('/auth/password/reset', { token, password: NEW })).toMatchObject(INVALID);
  });

  it('P2: a reset revokes pending changes of the address', async () => {
    const { email } = await registered();
    const session = await user.logIn(email, PASSWORD);
    await user.post('/auth/email/change', { email: `thief-${email}`, password: PASSWORD }, session);
    const change = await user.token('confirm-email-change', `thief-${email}`);
    await user.post('/auth/password/forgot', { email });
    const token = await user.token('reset-password', email);
    expect((await user.post('/auth/password/reset', { token, password: NEW })).status).toBe(204);
    expect(await user.post('/auth/email/change/confirm', { token: change })).toMatchObject(INVALID);
  });

  it('P2: a changed password revokes the link for a new one', async () => {
    const { email } = await registered();
    await user.post('/auth/password/forgot', { email });
    const token = await user.token('reset-password', email);
    const session = await user.logIn(email, PASSWORD);
    const change = { currentPassword: PASSWORD, newPassword: NEW };
    expect((await user.post('/auth/password/change', change, session)).status).toBe(204);
    expect(await user.post('/auth/password/reset', { token, password: PASSWORD })).toMatchObject(INVALID);
  });

  it('P1: each link begins with the public URL, whatever the request says', async () => {
    const { email } = await registered();
    const poisons: Record<string, string>[] = [
      { host: 'evil.test' },
      { host: 'id.acme.test@evil.test' },
      { host: 'evil.test:8080', 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'http' },
      { forwarded: 'host=evil.test;proto=http', 'x-original-url': 'http://evil.test/', 'x-forwarded-prefix': '/evil' },
    ];
    for (const headers of poisons) {
      const status = await forgetBy(user.app.url, '/auth/password/forgot', email, headers);
      if (status === 400) continue;
      expect(status).toBe(202);
      const { text, html } = await user.mail('reset-password', email);
      expect(text).toContain(`${PUBLIC}/account/reset-password#token=`);
      expect(text + html).not.toMatch(/evil|127\.0\.0\.1|issuer/);
    }
    // The absolute form of a request target (RFC 9112 §3.2.2).
    await forgetBy(user.app.url, 'http://evil.test/auth/password/forgot', email, {}).catch(() => undefined);
    for (const { text } of inbox.mails) expect(text).not.toContain('evil');
  });

  it('P3: a blank or malformed token gets 400 and changes nothing', async () => {
    const { email, id } = await registered();
    await user.post('/auth/password/forgot', { email });
    const valid = await user.token('reset-password', email);
    const before = await users().findById(id);
    for (const token of ['', null, [], undefined, 'undefined', 0, {}, [valid], `${valid} `, valid.slice(1)]) {
      for (const path of ['password/reset', 'email/verify', 'email/change/confirm', 'email/change/undo']) {
        const { status } = await user.post(`/auth/${path}`, {
          token,
          ...(path.startsWith('password') && { password: NEW }),
        });
        expect([path, token, status]).toEqual([path, token, 400]);
      }
    }
    expect(await users().findById(id)).toEqual(before);
    expect((await user.post('/auth/password/reset', { token: valid, password: NEW })).status).toBe(204);
  });

  it('P4, P5: a mail goes only to the stored address, and to one recipient', async () => {
    await registered('mike');
    await registered('kim');
    const before = inbox.mails.length;
    for (const email of ['mıke@example.com', 'mike@exämple.com', 'mike+tag@example.com', 'mikе@example.com']) {
      expect((await user.post('/auth/password/forgot', { email })).status).toBe(202);
    }
    for (const email of [
      'a@evil.test,mike@example.com',
      'a@evil.test;mike@example.com',
      '<mike@example.com>a@evil.test',
      '"mike@example.com"@evil.test',
      'mike@example.com\r\nBcc: a@evil.test',
      ['mike@example.com', 'a@evil.test'],
      'mike@example.com.',
    ]) {
      expect([email, (await user.post('/auth/password/forgot', { email })).status]).toEqual([email, 400]);
    }
    // Spellings of the stored address: the mail goes to the stored spelling.
    for (const [email, stored] of [
      ['MIKE@Example.com', 'mike@example.com'],
      ['ｍike@example.com', 'mike@example.com'],
      ['\u212Aim@example.com', 'kim@example.com'],
    ]) {
      await user.post('/auth/password/forgot', { email });
      expect((await user.mail('reset-password', stored!)).to).toBe(stored);
    }
    expect(inbox.mails).toHaveLength(before);
  });

  it('P9: GET and HEAD of a link spend no token, and its page sends the token to no log', async () => {
    const { email, verification } = await registered();
    for (const { app } of [user, other]) {
      for (const method of ['GET', 'HEAD', 'GET']) {
        const page = await app.call<string>(method, `/account/verify-email?token=${verification}`, {
          headers: { 'accept-language': 'ko' },
        });
        expect(page.status).toBe(200);
        expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'sha256-/);
        expect(page.headers.get('referrer-policy')).toBe('no-referrer');
        expect(page.headers.get('cache-control')).toBe('no-store');
        if (method === 'HEAD') continue;
        expect(page.body).toContain('이메일 주소 인증');
        expect(page.body).not.toContain(verification);
      }
      expect((await app.call('GET', `/auth/email/verify?token=${verification}`)).status).toBe(404);
      expect((await app.call('HEAD', `/auth/email/verify?token=${verification}`)).status).toBe(404);
    }
    expect((await users().findByEmail(email))!.emailVerifiedAt).toBeNull();
    expect((await user.post('/auth/email/verify', { token: verification })).status).toBe(204);
  });

  it('P10: the owner of an address gets the account of a person who registered it before', async () => {
    const { email } = await registered();
    const thief = await user.logIn(email, PASSWORD);
    await user.post('/auth/email/change', { email: `thief-${email}`, password: PASSWORD }, thief);
    const change = await user.token('confirm-email-change', `thief-${email}`);
    await user.post('/auth/password/forgot', { email });
    const token = await user.token('reset-password', email);
    expect((await user.post('/auth/password/reset', { token, password: NEW })).status).toBe(204);
    expect((await user.app.call('GET', '/users/me', { token: thief })).status).toBe(401);
    expect((await user.post('/auth/login', { email, password: PASSWORD })).status).toBe(401);
    expect(await user.post('/auth/email/change/confirm', { token: change })).toMatchObject(INVALID);
  });
});

describe('the change of an address', () => {
  it('an address changes after its confirmation, and the former owner undoes it for 72 hours', async () => {
    const { email, id, verification } = await registered();
    await user.post('/auth/email/verify', { token: verification });
    const session = await user.logIn(email, PASSWORD);
    const [second, third] = [`second-${email}`, `third-${email}`];
    const wrong = await user.post('/auth/email/change', { email: second, password: NEW }, session);
    expect(wrong).toMatchObject({ status: 403, body: { code: 'identity-not-confirmed' } });
    const change = async (to: string) => {
      expect((await user.post('/auth/email/change', { email: to, password: PASSWORD }, session)).status).toBe(202);
      const token = await user.token('confirm-email-change', to);
      expect((await user.post('/auth/email/change/confirm', { token })).status).toBe(204);
    };
    await change(second);
    expect(await users().findById(id)).toMatchObject({ email: second, emailVerifiedAt: expect.any(Date) as Date });
    const undo = await user.token('email-changed', email);
    // A thief who changes the address again does not revoke the link of the owner.
    await change(third);
    const undoOfThief = await user.token('email-changed', second);
    advance(71 * 3600);
    expect((await user.post('/auth/email/change/undo', { token: undo })).status).toBe(204);
    expect(await users().findById(id)).toMatchObject({ email });
    expect((await user.app.call('GET', '/users/me', { token: session })).status).toBe(401);
    expect((await user.post('/auth/login', { email, password: PASSWORD })).status).toBe(401);
    expect(await user.post('/auth/email/change/undo', { token: undoOfThief })).toMatchObject(INVALID);
    const token = await user.token('reset-password', email);
    expect((await user.post('/auth/password/reset', { token, password: NEW })).status).toBe(204);
    expect(await user.logIn(email, NEW)).toEqual(expect.any(String));
  });

  it('the former owner of an unverified address gets a notice without a link', async () => {
    const { email } = await registered();
    const session = await user.logIn(email, PASSWORD);
    await user.post('/auth/email/change', { email: `right-${email}`, password: PASSWORD }, session);
    const token = await user.token('confirm-email-change', `right-${email}`);
    await user.post('/auth/email/change/confirm', { token });
    expect((await user.mail('email-changed', email)).text).not.toContain('#token');
  });

  it('P6: the confirmed address is the one to which the token was sent', async () => {
    const { email, id } = await registered();
    const session = await user.logIn(email, PASSWORD);
    const [own, victim] = [`own-${email}`, `victim-${email}`];
    await Promise.all(
      [own, victim].map((to) => user.post('/auth/email/change', { email: to, password: PASSWORD }, session)),
    );
    const token = await user.token('confirm-email-change', own);
    const victims = await user.token('confirm-email-change', victim);
    const { status } = await user.post('/auth/email/change/confirm', { token });
    // The later of the two requests has replaced the other.
    const { email: stored } = (await users().findById(id))!;
    expect([status, stored]).toEqual(status === 204 ? [204, own] : [400, email]);
    const later = await user.post('/auth/email/change/confirm', { token: victims });
    expect(later.status).toBe(status === 204 ? 400 : 204);
  });

  it('E1: the response is the same for a taken address, whose owner gets a notice', async () => {
    const [ada, bob] = [await registered(), await registered()];
    const session = await user.logIn(ada.email, PASSWORD);
    const ask = (email: string) => user.post('/auth/email/change', { email, password: PASSWORD }, session);
    const [taken, free] = [await ask(bob.email), await ask(`free-${bob.email}`)];
    expect([taken.status, taken.body]).toEqual([free.status, free.body]);
    expect((await user.mail('address-in-use', bob.email)).text).not.toContain('#token');
    expect((await users().findById(bob.id))!.email).toBe(bob.email);
    // An address that became taken after the request.
    const token = await user.token('confirm-email-change', `free-${bob.email}`);
    await users().update(bob.id, { email: `free-${bob.email}` });
    expect(await user.post('/auth/email/change/confirm', { token })).toMatchObject({ status: 409 });
  });
});

/** `fetch` cannot set the header `Host`. */
function forgetBy(url: string, path: string, email: string, headers: Record<string, string>): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ email });
    const options = {
      hostname,
      port,
      path,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
    };
    request(options, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on('error', reject)
      .end(body);
  });
}
