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
 * Tells users by mail what an attacker would keep from them. A mail that cannot go out is logged, without its content,
 * and changes nothing of what has happened.
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
    await this.tell(userId, {
      kind: 'password-changed',
      subject: `Your password for ${this.settings.productName} was changed`,
      text: [
        `Your password was changed on ${occurredAt.toUTCString()}, and all your other sessions were ended.`,
        'If this was not you, somebody knew your password: tell the administrators at once.',
      ].join('\n'),
    });
  }

  @OnEvent(RefreshTokenReused.type)
  async onRefreshTokenReused({ userId, occurredAt }: RefreshTokenReused): Promise<void> {
    await this.tell(userId, {
      kind: 'refresh-token-reused',
      subject: `One of your sessions at ${this.settings.productName} was ended`,
      text: [
        `On ${occurredAt.toUTCString()} a sign-in of yours was used from two places, as happens when it was copied. We ended that session.`,
        'Sign in again. If you cannot explain it, change your password and look through your sessions.',
      ].join('\n'),
    });
  }

  private async tell(userId: string, notice: Notice): Promise<void> {
    try {
      const user = await this.users.findById(userId);
      if (user) await this.mailer.send({ ...notice, to: user.email });
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown error';
      this.logger.error(`The notice "${notice.kind}" to user ${userId} did not go out: ${reason}`);
    }
  }
}
