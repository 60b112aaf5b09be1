import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Database, Events } from 'postern/persistence';
import { AccountDisabledError, SessionsService, type SessionContext, type TokenPair } from 'postern/sessions';
import { normalizeEmail, UsersService, type UserBase } from 'postern/users';
import { InvalidCredentialsError } from './password.errors.js';
import { LoginFailed, type LoginFailure } from './password.events.js';
import { PasswordsService, type PasswordProof } from './passwords.service.js';

/** Stands in for what is no address at all, so that it costs the same query. RFC 2606: nobody can own it. */
const NOBODY = 'nobody@postern.invalid';

/** Turns an e-mail address and its password into a session. */
@Injectable()
export class PasswordLogin {
  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly database: Database,
    private readonly events: Events,
  ) {}

  /**
   * The tokens of a new session. Every failure is the same error and costs the same queries and the same one hash.
   * @throws InvalidCredentialsError; HashingOverloadedError; whatever a login policy of the team throws
   */
  async login(email: string, password: string, context: SessionContext): Promise<TokenPair> {
    const address = addressOf(email);
    const user = (await this.users.findByEmail(address ?? NOBODY)) ?? undefined;
    const refused = (reason: LoginFailure) => this.#refusal(reason, address ?? email, user, context);
    for (;;) {
      const proof = await this.passwords.prove(user?.id, password);
      if (user === undefined) throw refused('unknown-user');
      if (proof === undefined) throw refused('wrong-password');
      // Before the policies are asked: with a transaction begun, the answer would come later than the others.
      if (user.disabledAt) throw refused('disabled');
      const pair = await this.#start(user, proof, context).catch((error: unknown) => {
        throw error instanceof AccountDisabledError ? refused('disabled') : error;
      });
      if (pair === undefined) continue; // changed or hashed anew since it was proven: what holds now must be proven
      await this.passwords.refresh(proof, password);
      return pair;
    }
  }

  /**
   * A session for what was proven, if that still holds. A change of the password waits for it or comes before it, so
   * no session begun with the old password outlives the change (CWE-613).
   */
  #start(user: UserBase, proof: PasswordProof, context: SessionContext): Promise<TokenPair | undefined> {
    return this.database.transaction(async () =>
      (await this.passwords.isCurrent(proof)) ? this.sessions.start(user, context) : undefined,
    );
  }

  #refusal(reason: LoginFailure, email: string, user: UserBase | undefined, context: SessionContext): Error {
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
