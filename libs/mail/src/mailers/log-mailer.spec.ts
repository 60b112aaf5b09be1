import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { CheckedMailSettings } from '../checked-mail-settings.js';
import { MailerNotConfiguredError } from '../mail.errors.js';
import type { MailSettings } from '../mail.module-definition.js';
import { LogMailer } from './log-mailer.js';

const message = { kind: 'password-changed', to: 'ada@example.com', subject: 'Hello', text: 'a secret link' };
const publicUrl = 'https://id.acme.test';
const mailer = (production: boolean) => new LogMailer(new CheckedMailSettings({ production, publicUrl, secret: '' }));

function logged(): string[] {
  const lines: string[] = [];
  for (const level of ['log', 'warn', 'error', 'debug', 'verbose'] as const) {
    jest
      .spyOn(Logger.prototype, level)
      .mockImplementation((line: unknown) => void lines.push(`${level}: ${String(line)}`));
  }
  return lines;
}

describe('LogMailer', () => {
  afterEach(() => jest.restoreAllMocks());

  it('LogMailer logs a line in development, and never the text, which may have a link that signs a user in', async () => {
    const lines = logged();
    const subject = mailer(false);
    subject.onModuleInit();
    await subject.send(message);
    expect(lines).toEqual(['log: Mail (password-changed) to ada@example.com: Hello']);
  });

  it('LogMailer rejects a mail in production and logs no part of it', async () => {
    const lines = logged();
    await expect(mailer(true).send(message)).rejects.toThrow(MailerNotConfiguredError);
    expect(lines).toEqual([]);
  });

  it('LogMailer logs a warning at boot in production that says what to write', () => {
    const lines = logged();
    mailer(true).onModuleInit();
    expect(lines).toEqual([
      expect.stringMatching(/^warn: No mail will be sent.*SMTP_URL and MAIL_FROM.*mailer: YourMailer/),
    ]);
  });

  it('MailModule requires the setting `production`', () => {
    expect(() => new CheckedMailSettings({ publicUrl, secret: '' } as MailSettings)).toThrow('set production: true');
  });
});
