import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { PasswordChanged } from 'postern/password';
import { RefreshTokenReused } from 'postern/sessions';
import type { UsersService } from 'postern/users';
import { CheckedAccountsSettings } from './checked-accounts-settings.js';
import { Mailer } from './mailer.js';
import type { MailMessage } from './mailer.js';
import { SecurityNotices } from './security-notices.js';

class Outbox extends Mailer {
  readonly sent: MailMessage[] = [];
  failure?: Error;
  async send(message: MailMessage): Promise<void> {
    if (this.failure) throw this.failure;
    this.sent.push(message);
  }
}

function stage() {
  const outbox = new Outbox();
  const users = {
    findById: async (id: string) => (id === 'ada' ? { email: 'ada@example.com' } : null),
  } as unknown as UsersService;
  const settings = new CheckedAccountsSettings({ production: true, productName: 'Acme' });
  return { outbox, notices: new SecurityNotices(users, outbox, settings) };
}

describe('SecurityNotices', () => {
  afterEach(() => jest.restoreAllMocks());

  it('SecurityNotices notifies the user of a changed password', async () => {
    const { outbox, notices } = stage();
    await notices.onPasswordChanged(new PasswordChanged('ada'));
    expect(outbox.sent).toMatchObject([{ kind: 'password-changed', to: 'ada@example.com' }]);
    expect(outbox.sent[0]?.subject).toContain('Acme');
  });

  it('SecurityNotices notifies the user of the reuse of a refresh token', async () => {
    const { outbox, notices } = stage();
    await notices.onRefreshTokenReused(new RefreshTokenReused({ userId: 'ada', sessionId: 's1' }));
    expect(outbox.sent).toMatchObject([{ kind: 'refresh-token-reused', to: 'ada@example.com' }]);
  });

  it('SecurityNotices sends no mail to a deleted user', async () => {
    const { outbox, notices } = stage();
    await notices.onPasswordChanged(new PasswordChanged('bob'));
    expect(outbox.sent).toEqual([]);
  });

  it('SecurityNotices logs a failed mail without its address, its content and the message of the transport', async () => {
    const { outbox, notices } = stage();
    const lines: string[] = [];
    jest.spyOn(Logger.prototype, 'error').mockImplementation((line: unknown) => void lines.push(String(line)));
    outbox.failure = new Error('550 ada@example.com: Your password was changed');
    await notices.onPasswordChanged(new PasswordChanged('ada'));
    expect(lines).toEqual(['Sending of the notice "password-changed" to user ada failed: Error']);
  });
});
