import { CheckedMailSettings, MailTemplates } from 'postern/mail';
import type { MailMessage, Outbox } from 'postern/mail';
import { PasswordChanged } from 'postern/password';
import type { Events } from 'postern/persistence';
import { RefreshTokenReused } from 'postern/sessions';
import type { UsersService } from 'postern/users';
import { SecurityNotices } from './security-notices.js';

const PEOPLE: Readonly<Record<string, object>> = {
  ada: { id: 'ada', email: 'ada@example.com' },
  jiwoo: { id: 'jiwoo', email: 'jiwoo@example.com', locale: 'ko-KR' },
};

function stage() {
  const added: MailMessage[] = [];
  const outbox = { add: async (mail: MailMessage) => void added.push(mail) } as unknown as Outbox;
  const users = { findById: async (id: string) => PEOPLE[id] ?? null } as unknown as UsersService;
  const settings = { production: true, publicUrl: 'https://id.acme.test', secret: '', productName: 'Acme' };
  const templates = new MailTemplates(new CheckedMailSettings(settings));
  return { added, notices: new SecurityNotices(users, templates, outbox, {} as Events) };
}

describe('SecurityNotices', () => {
  it('SecurityNotices writes in the locale of the user, else in the language of the request', async () => {
    const { added, notices } = stage();
    await notices.onPasswordChanged(new PasswordChanged('ada'));
    await notices.onPasswordChanged(new PasswordChanged('ada', 'ko;q=0.8, en;q=0.2'));
    await notices.onPasswordChanged(new PasswordChanged('jiwoo', 'en'));
    expect(added).toMatchObject([
      { kind: 'password-changed', userId: 'ada', subject: 'Your password for Acme was changed' },
      { kind: 'password-changed', to: 'ada@example.com', subject: 'Acme 비밀번호가 변경되었습니다' },
      { kind: 'password-changed', to: 'jiwoo@example.com', subject: 'Acme 비밀번호가 변경되었습니다' },
    ]);
  });

  it('SecurityNotices notifies the user of the reuse of a refresh token', async () => {
    const { added, notices } = stage();
    await notices.onRefreshTokenReused(new RefreshTokenReused({ userId: 'ada', sessionId: 's1' }));
    expect(added).toMatchObject([{ kind: 'refresh-token-reused', to: 'ada@example.com' }]);
  });

  it('SecurityNotices sends no mail to a deleted user', async () => {
    const { added, notices } = stage();
    await notices.onPasswordChanged(new PasswordChanged('bob'));
    expect(added).toEqual([]);
  });
});
