import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { SessionsService } from 'postern/sessions';
import { PasswordCredential } from './password-credential.entity.js';
import { PasswordChanged } from './password.events.js';
import { PasswordsService } from './passwords.service.js';
import type { PreparedPassword } from './passwords.service.js';

/**
 * Replaces or deletes a password that another person may know. Call it after the row of the user is locked, in the
 * transaction that holds the lock.
 */
@Injectable()
export class PasswordRecovery {
  constructor(
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly database: Database,
    private readonly events: Events,
  ) {}

  /**
   * Stores a new password, ends all sessions of the user, and publishes `PasswordChanged`, also if the user had no
   * password before.
   *
   * @param acceptLanguage `Accept-Language` of the request, for the language of the notice
   */
  async replace(userId: string, prepared: PreparedPassword, acceptLanguage?: string): Promise<void> {
    await this.database.transaction(async () => {
      if (await this.passwords.set(userId, prepared, acceptLanguage)) return;
      await this.sessions.revokeAll(userId, { reason: 'password-changed' });
      this.events.publish(new PasswordChanged(userId, acceptLanguage));
    });
  }

  /**
   * Deletes the password and ends all sessions of the user. A login that has verified the password then fails.
   *
   * @param reason kebab-case, at most 32 characters
   */
  async remove(userId: string, reason: string): Promise<void> {
    await this.database.transaction(async () => {
      await this.database.manager.delete(PasswordCredential, { userId });
      await this.sessions.revokeAll(userId, { reason });
    });
  }
}
