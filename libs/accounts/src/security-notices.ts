import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { MailTemplates, Outbox } from 'postern/mail';
import { PasswordChanged } from 'postern/password';
import { Events } from 'postern/persistence';
import { RefreshTokenReused } from 'postern/sessions';
import { UsersService } from 'postern/users';

type Notice = 'password-changed' | 'refresh-token-reused';

/**
 * Notifies users by mail of a changed password and of the reuse of a refresh token. The mail is added in the
 * transaction of the change: it is sent exactly if the change was committed, also if the process dies afterwards.
 * @see OWASP ASVS 5.0 §6.3.7
 */
@Injectable()
export class SecurityNotices implements OnModuleInit {
  constructor(
    private readonly users: UsersService,
    private readonly templates: MailTemplates,
    private readonly outbox: Outbox,
    private readonly events: Events,
  ) {}

  onModuleInit(): void {
    this.events.beforeCommit(PasswordChanged, (event) => this.onPasswordChanged(event));
    this.events.beforeCommit(RefreshTokenReused, (event) => this.onRefreshTokenReused(event));
  }

  /** Adds the notice of a changed password. */
  async onPasswordChanged({ userId, occurredAt, acceptLanguage }: PasswordChanged): Promise<void> {
    await this.notify('password-changed', userId, occurredAt, acceptLanguage);
  }

  /** Adds the notice of a reused refresh token. The request may be the thief's, so its language does not count. */
  async onRefreshTokenReused({ userId, occurredAt }: RefreshTokenReused): Promise<void> {
    await this.notify('refresh-token-reused', userId, occurredAt);
  }

  private async notify(kind: Notice, userId: string, occurredAt: Date, acceptLanguage?: string): Promise<void> {
    const user = await this.users.findById(userId);
    if (!user) return;
    const { id, email } = user;
    const { locale } = user as { locale?: unknown };
    await this.outbox.add(this.templates.write(kind, { occurredAt }, { id, email, locale, acceptLanguage }));
  }
}
