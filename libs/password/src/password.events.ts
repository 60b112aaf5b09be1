import { DomainEvent } from 'postern/persistence';

/**
 * Why a login failed, for those who watch the system; the caller never learns it. `wrong-password` also where none
 * is set, `disabled` only where the password was right.
 */
export type LoginFailure = 'unknown-user' | 'wrong-password' | 'disabled';

/** A login with e-mail and password failed. */
export class LoginFailed extends DomainEvent {
  static override readonly type = 'login.failed';

  constructor(
    readonly reason: LoginFailure,
    /** SHA-256 (hex) of the normalised e-mail address: counts by address without telling it. */
    readonly emailHash: string,
    /** Whose login it was, where the address is known. */
    readonly userId: string | undefined,
    readonly ipAddress: string | undefined,
    readonly userAgent: string | undefined,
  ) {
    super();
  }
}

/** A user has changed the password; the other sessions have ended. */
export class PasswordChanged extends DomainEvent {
  static override readonly type = 'password.changed';

  constructor(readonly userId: string) {
    super();
  }
}
