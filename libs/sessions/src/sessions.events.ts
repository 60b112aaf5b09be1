import { DomainEvent } from 'postern/persistence';

/** Where an event about a session happened. */
export interface SessionOccasion {
  readonly userId: string;
  readonly sessionId: string;
  readonly userAgent?: string | undefined;
  readonly ipAddress?: string | undefined;
}

/** Somebody signed in. */
export class SessionStarted extends DomainEvent {
  static override readonly type = 'session.started';
  readonly userId: string;
  readonly sessionId: string;
  readonly userAgent?: string | undefined;
  readonly ipAddress?: string | undefined;

  constructor(
    occasion: SessionOccasion,
    /** How the user proved who they are (RFC 8176). */
    readonly amr: readonly string[],
  ) {
    super();
    ({
      userId: this.userId,
      sessionId: this.sessionId,
      userAgent: this.userAgent,
      ipAddress: this.ipAddress,
    } = occasion);
  }
}

/** A session's refresh token was exchanged for its successor. */
export class SessionRefreshed extends DomainEvent {
  static override readonly type = 'session.refreshed';
  readonly userId: string;
  readonly sessionId: string;
  readonly userAgent?: string | undefined;
  readonly ipAddress?: string | undefined;

  constructor(occasion: SessionOccasion) {
    super();
    ({
      userId: this.userId,
      sessionId: this.sessionId,
      userAgent: this.userAgent,
      ipAddress: this.ipAddress,
    } = occasion);
  }
}

/** A session was ended before its time; its tokens are dead. */
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

/** A refresh token came back that was spent before: somebody has a copy. Its session was ended. Told once a session. */
export class RefreshTokenReused extends DomainEvent {
  static override readonly type = 'session.refresh-token-reused';
  readonly userId: string;
  readonly sessionId: string;
  readonly userAgent?: string | undefined;
  readonly ipAddress?: string | undefined;

  /** The occasion says who presented the old token, which may be the thief or the owner. */
  constructor(occasion: SessionOccasion) {
    super();
    ({
      userId: this.userId,
      sessionId: this.sessionId,
      userAgent: this.userAgent,
      ipAddress: this.ipAddress,
    } = occasion);
  }
}
