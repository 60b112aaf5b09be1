import { DomainEvent } from 'postern/persistence';

/** Fields of a user have changed. Carries their names, never their values. */
export class UserUpdated extends DomainEvent {
  static override readonly type = 'user.updated';
  constructor(
    readonly userId: string,
    readonly changed: readonly string[],
  ) {
    super();
  }
}

/** A user may no longer sign in, and no token issued before counts any more. */
export class UserDisabled extends DomainEvent {
  static override readonly type = 'user.disabled';
  constructor(readonly userId: string) {
    super();
  }
}

/** A user may sign in again. */
export class UserEnabled extends DomainEvent {
  static override readonly type = 'user.enabled';
  constructor(readonly userId: string) {
    super();
  }
}

/** A user and all that belonged to it are gone. */
export class UserDeleted extends DomainEvent {
  static override readonly type = 'user.deleted';
  constructor(readonly userId: string) {
    super();
  }
}
