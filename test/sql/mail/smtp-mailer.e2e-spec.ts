import { SmtpMailer } from 'postern/mail';
import { mailerSpec } from 'postern/testing';
import { SmtpInbox } from './smtp-inbox.js';

const FROM = 'Acme <no-reply@acme.test>';

describe('SmtpMailer', () => {
  let inbox: SmtpInbox;
  beforeAll(async () => void (inbox = await SmtpInbox.open()));
  afterAll(() => inbox.close());

  mailerSpec(() => new SmtpMailer({ url: inbox.url, from: FROM }), {
    arrived: () =>
      inbox.mails.map(({ to, subject, text, headers }) => ({ kind: headers['x-postern-kind']!, to, subject, text })),
    makeBroken: () => new SmtpMailer({ url: 'smtp://127.0.0.1:1', from: FROM }),
  });

  it('SmtpMailer sends to exactly one recipient, adds no header from a subject, and repeats the id of a retry', async () => {
    const mailer = new SmtpMailer({ url: inbox.url.replace('//', '//postern:hunter%2F2@'), from: FROM });
    const id = '01938f2e-6a1c-7d3a-9c55-3f6d1c0b7a11';
    const subject = 'Hello\r\nBcc: eve@example.com\r\n\r\nother text';
    await mailer
      .send({ id, kind: 'test', to: 'ada@example.com, eve@example.com', subject, text: 'x' })
      .catch(() => undefined);
    await mailer.send({ id, kind: 'test', to: 'ada@example.com', subject, text: 'x', html: '<p>x</p>' });
    const mail = inbox.mails.at(-1)!;
    expect(mail.headers).toMatchObject({ 'message-id': `<${id}@acme.test>`, to: 'ada@example.com' });
    expect(mail.headers).not.toHaveProperty('bcc');
    expect([mail.text.trim(), mail.html.trim()]).toEqual(['x', '<p>x</p>']);
    expect(inbox.mails.filter(({ to }) => to.split(',').includes('eve@example.com'))).toEqual([]);
    expect(inbox.logins.at(-1)).toEqual({ user: 'postern', password: 'hunter/2', isSecure: false });
  });

  it.each([
    ['has no trusted certificate, by STARTTLS', 'smtp://127.0.0.1', { disabledCommands: [] }],
    ['has no trusted certificate, by TLS', 'smtps://127.0.0.1', { secure: true }],
    // Another spelling of this machine, which counts as another host.
    ['offers no STARTTLS', 'smtp://[::ffff:127.0.0.1]', {}],
  ])('SmtpMailer sends neither password nor mail to a server that %s', async (_, address, options) => {
    const other = await SmtpInbox.open(options);
    const url = `${address.replace('//', '//postern:hunter2@')}:${other.port}`;
    try {
      const sent = new SmtpMailer({ url, from: FROM }).send({
        kind: 'test',
        to: 'ada@example.com',
        subject: 'x',
        text: 'x',
      });
      await expect(sent).rejects.toMatchObject({
        message: expect.stringMatching(/^SMTP failed: E[A-Z]+( \d{3})?$/) as string,
      });
      expect([other.logins, other.mails]).toEqual([[], []]);
    } finally {
      await other.close();
    }
  });
});
