import { DomainEvent } from 'postern/persistence';

/**
 * The reason of a failed login, for monitoring only. The client never receives it. `wrong-password` includes a user
 * without a password; `disabled` implies that the password was right.
 */
export type LoginFailure = 'unknown-user' | 'wrong-password' | 'disabled';

/** A login with e-mail and password failed. */
export class LoginFailed extends DomainEvent {
  static override readonly type = 'login.failed';

  constructor(
    readonly reason: LoginFailure,
    /** SHA-256 (hex) of the normalised e-mail address: events can be counted by address without revealing it. */
    readonly emailHash: string,
    /** The id of the user, if the address is known. */
    readonly userId: string | undefined,
    readonly ipAddress: string | undefined,
    readonly userAgent: string | undefined,
  ) {
    super();
  }
}

/** The look-up of a new password in known breaches failed, and the password was accepted without it. */
export class BreachLookupFailed extends DomainEvent {
  static override readonly type = 'password.breach-lookup-failed';

  constructor(
    /** For monitoring, such as `ECONNREFUSED`, `status 503`, or the message of a time-out. */
    readonly reason: string,
  ) {
    super();
  }
}

/**
 * The password of a user was replaced, by the user or by `PasswordsService.set`. All sessions have ended, except the
 * session in which the user has changed it.
 */
export class PasswordChanged extends DomainEvent {
  static override readonly type = 'password.changed';

  constructor(
    readonly userId: string,
    /** `Accept-Language` of the request, for the language of the notice. */
    readonly acceptLanguage?: string,
  ) {
    super();
  }
}
