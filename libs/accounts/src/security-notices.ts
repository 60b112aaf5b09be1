import { Injectable, Logger } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';
import { PasswordChanged } from 'postern/password';
import { RefreshTokenReused } from 'postern/sessions';
import { UsersService } from 'postern/users';
import { CheckedAccountsSettings } from './checked-accounts-settings.js';
import { Mailer } from './mailer.js';

interface Notice {
  kind: string;
  subject: string;
  text: string;
}

/**
 * Notifies users by mail of a changed password and of the reuse of a refresh token. A failed mail is logged without its
 * content, and does not undo the change.
 * @see OWASP ASVS 5.0 §6.3.7
 */
@Injectable()
export class SecurityNotices {
  private readonly logger = new Logger(SecurityNotices.name);

  constructor(
    private readonly users: UsersService,
    private readonly mailer: Mailer,
    private readonly settings: CheckedAccountsSettings,
  ) {}

  @OnEvent(PasswordChanged.type)
  async onPasswordChanged({ userId, occurredAt }: PasswordChanged): Promise<void> {
    await this.notify(userId, {
      kind: 'password-changed',
      subject: `Your password for ${this.settings.productName} was changed`,
      text: [
        `Your password was changed on ${occurredAt.toUTCString()}, and your other sessions were ended.`,
        'If you did not do this, another person may know your password: contact the administrators at once.',
      ].join('\n'),
    });
  }

  @OnEvent(RefreshTokenReused.type)
  async onRefreshTokenReused({ userId, occurredAt }: RefreshTokenReused): Promise<void> {
    await this.notify(userId, {
      kind: 'refresh-token-reused',
      subject: `A session of your ${this.settings.productName} account was ended`,
      text: [
        `On ${occurredAt.toUTCString()} one of your sessions was used in two places. It may have been copied, so we ended it.`,
        'Sign in again. If you cannot explain this, change your password and check your sessions.',
      ].join('\n'),
    });
  }

  private async notify(userId: string, notice: Notice): Promise<void> {
    try {
      const user = await this.users.findById(userId);
      if (user) await this.mailer.send({ ...notice, to: user.email });
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown error';
      this.logger.error(`Sending of the notice "${notice.kind}" to user ${userId} failed: ${reason}`);
    }
  }
}
