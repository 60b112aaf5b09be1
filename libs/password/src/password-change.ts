import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { SessionsService } from 'postern/sessions';
import { UsersService } from 'postern/users';
import { CurrentPasswordWrongError, PasswordRejectedError } from './password.errors.js';
import { PasswordChanged } from './password.events.js';
import { PasswordsService } from './passwords.service.js';
import type { PreparedPassword } from './passwords.service.js';

/** Whose password changes into which, and which session goes on. */
export interface PasswordChangeRequest {
  /** Whose password; UUID. */
  userId: string;
  currentPassword: string;
  newPassword: string;
  /** The session that asks, which stays; all sessions end when there is none. */
  sessionId?: string | undefined;
  /** The client's IP address, by which the hashing queue is shared. */
  ipAddress?: string | undefined;
}

const UNCHANGED = { code: 'password-unchanged', detail: 'Choose a password that differs from the current one.' };

/** Changes a password by the one before it. */
@Injectable()
export class PasswordChange {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly database: Database,
    private readonly events: Events,
  ) {}

  /**
   * Stores the new password, ends the user's other sessions and tells it, all or nothing.
   * @throws CurrentPasswordWrongError; PasswordRejectedError with pointers to `/newPassword`; HashingOverloadedError
   */
  async change(request: PasswordChangeRequest): Promise<void> {
    const { userId, currentPassword, newPassword, sessionId, ipAddress } = request;
    let prepared: PreparedPassword | undefined;
    for (;;) {
      const user = await this.users.findById(userId);
      const proof = await this.passwords.prove(user?.id, currentPassword, ipAddress);
      if (!user || !proof) throw new CurrentPasswordWrongError();
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
        this.events.publish(new PasswordChanged(userId));
        return true;
      });
      if (done) return; // otherwise it was changed or hashed anew meanwhile, and what holds now must be proven
    }
  }
}
