import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { Events } from 'postern/persistence';
import { AccountDisabledError, SessionsService } from 'postern/sessions';
import type { SessionContext, TokenPair } from 'postern/sessions';
import { normalizeEmail, UsersService } from 'postern/users';
import type { UserBase, UserWithRelated } from 'postern/users';
import { passwordHash } from './password-credential.entity.js';
import { InvalidCredentialsError } from './password.errors.js';
import { LoginFailed } from './password.events.js';
import type { LoginFailure } from './password.events.js';
import { LoginLimits } from './guessing/login-limits.js';
import { PasswordsService } from './passwords.service.js';
import type { StoredPassword } from './passwords.service.js';

/** An invalid address costs the same query through this one, which cannot exist (RFC 2606). */
const NOBODY = 'nobody@postern.invalid';

/** Each attempt costs a hash. A login needs a second one only if the account changes at the same moment. */
const MAX_ATTEMPTS = 5;

/** Starts a session for an e-mail address and its password. */
@Injectable()
export class PasswordLogin {
  private readonly logger = new Logger(PasswordLogin.name);

  constructor(
    private readonly users: UsersService,
    private readonly passwords: PasswordsService,
    private readonly sessions: SessionsService,
    private readonly events: Events,
    private readonly limits: LoginLimits,
  ) {}

  /**
   * Returns the tokens of a new session. Every failure is the same error, after the same queries and one stored hash.
   * @param deviceToken see {@link KnownDevices.tokenOf}
   * @throws InvalidCredentialsError; TooManyRequestsError; HashingOverloadedError; the error of a login policy
   */
  async login(email: string, password: string, context: SessionContext, deviceToken?: string): Promise<TokenPair> {
    const address = addressOf(email);
    const origin = { account: address ?? email, context, deviceToken };
    return this.limits.attempt(origin, () => this.verify(email, address, password, context));
  }

  private async verify(
    email: string,
    address: string | undefined,
    password: string,
    context: SessionContext,
  ): Promise<TokenPair> {
    for (let attempts = 1; ; attempts += 1) {
      const found = await this.users.findByEmailWith(address ?? NOBODY, passwordHash);
      const user = found?.user;
      const rejection = (reason: LoginFailure) => this.rejection(reason, address ?? email, user, context);
      const attempt = { account: user?.id ?? address ?? email, ipAddress: context.ipAddress };
      const proof = await this.passwords.proveAgainst(storedOf(found), password, attempt);
      if (user === undefined) throw rejection('unknown-user');
      if (proof === undefined) throw rejection('wrong-password');
      // Check before the policies: their queries would make this answer later than the other failures.
      if (user.disabledAt) throw rejection('disabled');
      const precondition = this.passwords.currentHashPrecondition(proof);
      const pair = await this.sessions.startProven(user, context, precondition).catch((error: unknown) => {
        throw error instanceof AccountDisabledError ? rejection('disabled') : error;
      });
      // The hash or the user has changed since it was read: verify the current state.
      if (pair === undefined && attempts < MAX_ATTEMPTS) continue;
      if (pair === undefined) {
        this.logger.error(
          `The login of ${user.id} failed ${MAX_ATTEMPTS} times: the row of the user or its password differs from the value that was read. ` +
            'Check the transformers of the entity and the settings of the database.',
        );
        throw rejection('disabled');
      }
      await this.passwords.refresh(proof, password, context.ipAddress);
      return pair;
    }
  }

  private rejection(reason: LoginFailure, email: string, user: UserBase | undefined, context: SessionContext): Error {
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
