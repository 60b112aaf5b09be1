import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { MailerNotConfiguredError } from './accounts.errors.js';
import { CheckedAccountsSettings } from './checked-accounts-settings.js';
import { LogMailer } from './log-mailer.js';

const message = { kind: 'password-changed', to: 'ada@example.com', subject: 'Hello', text: 'a secret link' };
const mailer = (production: boolean) => new LogMailer(new CheckedAccountsSettings({ production }));

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

  it('LogMailer writes the whole mail into the log in development', async () => {
    const lines = logged();
    const subject = mailer(false);
    subject.onModuleInit();
    await subject.send(message);
    expect(lines).toEqual(['log: Mail (password-changed) to ada@example.com: Hello\na secret link']);
  });

  it('LogMailer rejects a mail in production and logs no part of it', async () => {
    const lines = logged();
    await expect(mailer(true).send(message)).rejects.toThrow(MailerNotConfiguredError);
    expect(lines).toEqual([]);
  });

  it('LogMailer logs a warning at boot in production that says what to write', () => {
    const lines = logged();
    mailer(true).onModuleInit();
    expect(lines).toEqual([expect.stringMatching(/^warn: No mail will be sent.*mailer: YourMailer/)]);
  });

  it('AccountsModule requires the setting `production`', () => {
    expect(() => new CheckedAccountsSettings({} as { production: boolean })).toThrow('set production: true');
  });
});
