import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Events } from 'postern/persistence';
import { AccountDisabledError, SessionsService } from 'postern/sessions';
import type { SessionContext, TokenPair } from 'postern/sessions';
import { normalizeEmail, UsersService } from 'postern/users';
import type { UserBase, UserWithRelated } from 'postern/users';
import { passwordHash } from './password-credential.entity.js';
import { InvalidCredentialsError } from './password.errors.js';
import { LoginFailed } from './password.events.js';
import type { LoginFailure } from './password.events.js';
import { PasswordsService } from './passwords.service.js';
import type { StoredPassword } from './passwords.service.js';

/** Stands in for what is no address at all, so that it costs the same query. RFC 2606: nobody can own it. */
const NOBODY = 'nobody@postern.invalid';

/** Turns an e-mail address and its password into a session. */
@Injectable()
export class PasswordLogin {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly events: Events,
  ) {}

  /**
   * The tokens of a new session. Every failure is the same error and costs the same queries and one stored hash.
   * @throws InvalidCredentialsError; HashingOverloadedError; whatever a login policy of the team throws
   */
  async login(email: string, password: string, context: SessionContext): Promise<TokenPair> {
    const address = addressOf(email);
    for (;;) {
      const found = await this.users.findByEmailWith(address ?? NOBODY, passwordHash);
      const user = found?.user;
      const refused = (reason: LoginFailure) => this.refusal(reason, address ?? email, user, context);
      const attempt = { account: user?.id ?? address ?? email, ipAddress: context.ipAddress };
      const proof = await this.passwords.proveAgainst(storedOf(found), password, attempt);
      if (user === undefined) throw refused('unknown-user');
      if (proof === undefined) throw refused('wrong-password');
      // Before the policies are asked: with further questions to the database, the answer would come later than the others.
      if (user.disabledAt) throw refused('disabled');
      const precondition = this.passwords.currentHashPrecondition(proof);
      const pair = await this.sessions.startProven(user, context, precondition).catch((error: unknown) => {
        throw error instanceof AccountDisabledError ? refused('disabled') : error;
      });
      if (pair === undefined) continue; // changed, hashed anew or disabled meanwhile: what holds now must be proven
      await this.passwords.refresh(proof, password, context.ipAddress);
      return pair;
    }
  }

  private refusal(reason: LoginFailure, email: string, user: UserBase | undefined, context: SessionContext): Error {
    const emailHash = createHash('sha256').update(email).digest('hex');
    this.events.publish(new LoginFailed(reason, emailHash, user?.id, context.ipAddress, context.userAgent));
    return new InvalidCredentialsError();
  }
}

function addressOf(email: string): string | undefined {
  try {
    return normalizeEmail(email);
  } catch {
    return undefined;
  }
}

function storedOf(found: UserWithRelated | null): StoredPassword | undefined {
  return typeof found?.value === 'string' ? { userId: found.user.id, hash: found.value } : undefined;
}
