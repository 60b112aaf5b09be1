import { DomainEvent } from 'postern/persistence';

/** A role was created. */
export class RoleCreated extends DomainEvent {
  static override readonly type = 'role.created';

  constructor(readonly role: string) {
    super();
  }
}

/** The description, the permissions, or the included roles of a role changed. */
export class RoleChanged extends DomainEvent {
  static override readonly type = 'role.changed';

  constructor(readonly role: string) {
    super();
  }
}

/** A role was deleted, and no user has it any more. */
export class RoleDeleted extends DomainEvent {
  static override readonly type = 'role.deleted';

  constructor(readonly role: string) {
    super();
  }
}

/** The roles of a user changed. */
export class UserRolesChanged extends DomainEvent {
  static override readonly type = 'user.roles-changed';

  constructor(
    readonly userId: string,
    /** The roles that the user got. */
    readonly granted: readonly string[],
    /** The roles that were taken from the user. */
    readonly revoked: readonly string[],
  ) {
    super();
  }
}
