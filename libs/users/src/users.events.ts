import { DomainEvent } from 'postern/persistence';

/** An administrator created a user. A user who registers causes `user.registered` instead. */
export class UserCreated extends DomainEvent {
  static override readonly type = 'user.created';
  constructor(readonly userId: string) {
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
