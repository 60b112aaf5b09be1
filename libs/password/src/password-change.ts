import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { SessionsService } from 'postern/sessions';
import { CurrentPassword } from './guessing/current-password.js';
import { CurrentPasswordWrongError, HashingOverloadedError, PasswordRejectedError } from './password.errors.js';
import { PasswordChanged } from './password.events.js';
import { PasswordsService } from './passwords.service.js';
import type { PreparedPassword } from './passwords.service.js';

/** A request to change a password. */
export interface PasswordChangeRequest {
  /** The id of the user (UUID). */
  userId: string;
  currentPassword: string;
  newPassword: string;
  /** The session of the caller, which stays. Without it, all sessions end. */
  sessionId?: string | undefined;
  /** The IP address of the client, for the hashing queue. */
  ipAddress?: string | undefined;
  /** `Accept-Language` of the request, for the language of the notice. */
  acceptLanguage?: string | undefined;
}

const UNCHANGED = { code: 'password-unchanged', detail: 'Choose a password that differs from the current one.' };

/** Each attempt costs a hash. A change needs a second one only if a login rehashes the password at the same moment. */
const MAX_ATTEMPTS = 5;

/** Changes a password after it has verified the current password. */
@Injectable()
export class PasswordChange {
  constructor(
    private readonly currentPassword: CurrentPassword,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly database: Database,
    private readonly events: Events,
  ) {}

  /**
   * Stores the new password, ends the user's other sessions and publishes the event in one transaction.
   * @throws CurrentPasswordWrongError; PasswordRejectedError with pointers to `/newPassword`; TooManyRequestsError;
   *   HashingOverloadedError
   */
  async change(request: PasswordChangeRequest): Promise<void> {
    const { userId, currentPassword, newPassword, sessionId, ipAddress, acceptLanguage } = request;
    let prepared: PreparedPassword | undefined;
    for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts += 1) {
      const confirmed = await this.currentPassword.prove(userId, currentPassword, ipAddress);
      if (!confirmed) throw new CurrentPasswordWrongError();
      const { user, proof } = confirmed;
      if (newPassword.normalize('NFKC') === currentPassword.normalize('NFKC')) {
        throw PasswordRejectedError.of('/newPassword', [UNCHANGED]);
      }
      const context = { email: user.email };
      const chosen = (prepared ??= await this.passwords.prepare(newPassword, context, '/newPassword', ipAddress));
      const done = await this.database.transaction(async () => {
        if (!(await this.passwords.replace(proof, chosen))) return false;
        await this.sessions.revokeAll(userId, {
          reason: 'password-changed',
          ...(sessionId !== undefined && { except: sessionId }),
        });
        this.events.publish(new PasswordChanged(userId, acceptLanguage));
        return true;
      });
      if (done) return;
      // The stored hash has changed since it was read: verify the current hash.
    }
    throw new HashingOverloadedError();
  }
}
