import { DomainEvent } from 'postern/persistence';

/** An administrator created a user. A user who registers causes `user.registered` instead. */
export class UserCreated extends DomainEvent {
  static override readonly type = 'user.created';
  constructor(
    readonly userId: string,
    /** Whether the administrator chose a password. */
    readonly hasPassword: boolean,
  ) {
    super();
  }
}

/** Fields of a user have changed. The event has their names, never their values. */
export class UserUpdated extends DomainEvent {
  static override readonly type = 'user.updated';
  constructor(
    readonly userId: string,
    readonly changed: readonly string[],
  ) {
    super();
  }
}

/** A user was disabled: the user cannot sign in, and all earlier tokens are revoked. */
export class UserDisabled extends DomainEvent {
  static override readonly type = 'user.disabled';
  constructor(readonly userId: string) {
    super();
  }
}

/** A user was enabled and may sign in again. */
export class UserEnabled extends DomainEvent {
  static override readonly type = 'user.enabled';
  constructor(readonly userId: string) {
    super();
  }
}

/** A user was deleted, with all rows that belong to it. */
export class UserDeleted extends DomainEvent {
  static override readonly type = 'user.deleted';
  constructor(readonly userId: string) {
    super();
  }
}

/** A user requested the deletion of the account. The user is deleted at `deletionAt`, unless it logs in before. */
export class UserDeletionRequested extends DomainEvent {
  static override readonly type = 'user.deletion-requested';
  constructor(
    readonly userId: string,
    readonly deletionAt: Date,
    /** `Accept-Language` of the request, for the language of the notice. */
    readonly acceptLanguage?: string,
  ) {
    super();
  }
}

/** A user logged in, which cancelled the scheduled deletion of the account. */
export class UserDeletionCancelled extends DomainEvent {
  static override readonly type = 'user.deletion-cancelled';
  constructor(readonly userId: string) {
    super();
  }
}
