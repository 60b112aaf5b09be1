import { smtpConnectionOf } from './smtp-address.js';

describe('smtpConnectionOf', () => {
  it.each([
    ['smtp://mail.acme.test', { port: 587, secure: false, requireTLS: true, ignoreTLS: false }],
    ['smtps://mail.acme.test', { port: 465, secure: true, requireTLS: false }],
    ['smtp://mailpit:1025?tls=off', { port: 1025, requireTLS: false, ignoreTLS: true }],
    ['smtp://127.0.0.1:1025', { requireTLS: false, ignoreTLS: false }],
    ['smtp://[::1]:1025', { host: '::1', requireTLS: false }],
    ['smtp://127.0.0.1.evil.test', { requireTLS: true }],
    ['smtp://ada%40acme.test:hunter%2F2@mail.acme.test', { auth: { user: 'ada@acme.test', pass: 'hunter/2' } }],
  ])('smtpConnectionOf requires TLS except on this machine: %s', (address, connection) => {
    expect(smtpConnectionOf(address)).toMatchObject(connection);
  });

  it.each([
    'https://hunter2@mail.acme.test',
    'smtp:mail.acme.test',
    'smtp://postern:hunter2/x@mail.acme.test',
    'smtp://postern:hunter2%ff@mail.acme.test',
    'smtp://postern:hunter2@mail.acme.test?tls=maybe',
    'smtp://postern:hunter2@mail.acme.test?rejectUnauthorized=false',
    undefined,
  ])('smtpConnectionOf rejects %s without repeating it', (address) => {
    const rejected = () => smtpConnectionOf(address);
    expect(rejected).toThrow(/^MailModule: "smtpUrl" .*smtp:\/\/user:password@host:587/);
    expect(rejected).not.toThrow(/hunter2/);
  });
});
