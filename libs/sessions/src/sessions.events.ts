import { DomainEvent } from 'postern/persistence';

/** The session and the client of an event. */
export interface SessionOccasion {
  readonly userId: string;
  readonly sessionId: string;
  readonly userAgent?: string | undefined;
  readonly ipAddress?: string | undefined;
}

/** An event of a session that a request of a client caused. */
export abstract class SessionEvent extends DomainEvent implements SessionOccasion {
  readonly userId: string;
  readonly sessionId: string;
  readonly userAgent?: string | undefined;
  readonly ipAddress?: string | undefined;

  constructor({ userId, sessionId, userAgent, ipAddress }: SessionOccasion) {
    super();
    this.userId = userId;
    this.sessionId = sessionId;
    this.userAgent = userAgent;
    this.ipAddress = ipAddress;
  }
}

/** A user signed in. */
export class SessionStarted extends SessionEvent {
  static override readonly type = 'session.started';

  constructor(
    occasion: SessionOccasion,
    /** The authentication methods of the user (RFC 8176). */
    readonly amr: readonly string[],
  ) {
    super(occasion);
  }
}

/** A client exchanged the refresh token of a session for its successor. */
export class SessionRefreshed extends SessionEvent {
  static override readonly type = 'session.refreshed';
}

/** A session ended before it expired. Its tokens are invalid. */
export class SessionRevoked extends DomainEvent {
  static override readonly type = 'session.revoked';

  constructor(
    readonly userId: string,
    readonly sessionId: string,
    /** Such as `logout`, `refresh-token-reused`, `password-changed`. */
    readonly reason: string,
  ) {
    super();
  }
}

/** An administrator got an access token to act as a user. */
export class UserImpersonated extends DomainEvent {
  static override readonly type = 'user.impersonated';

  constructor(
    /** The id of the administrator. */
    readonly actorId: string,
    /** The id of the user. */
    readonly userId: string,
    /** The session of the administrator. */
    readonly sessionId: string,
    /** The maximum lifetime of the token, in seconds. */
    readonly lifetimeSeconds: number,
  ) {
    super();
  }
}

/**
 * A client reused a refresh token, so a copy may exist, and the session ended. Published once for each session. The
 * client may be the thief or the owner.
 */
export class RefreshTokenReused extends SessionEvent {
  static override readonly type = 'session.refresh-token-reused';
}
