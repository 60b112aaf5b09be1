import { DomainEvent } from 'postern/persistence';

/** A user registered. */
export class UserRegistered extends DomainEvent {
  static override readonly type = 'user.registered';

  constructor(
    readonly userId: string,
    /** `Accept-Language` of the request, for the language of the mail. */
    readonly acceptLanguage?: string,
  ) {
    super();
  }
}

/** An administrator invited a person. */
export class UserInvited extends DomainEvent {
  static override readonly type = 'user.invited';

  constructor(
    readonly invitationId: string,
    /** The id of the administrator. */
    readonly invitedBy: string,
  ) {
    super();
  }
}

/** An invited person created the account. */
export class InvitationAccepted extends DomainEvent {
  static override readonly type = 'user.invitation-accepted';

  constructor(
    readonly invitationId: string,
    /** The id of the new user. */
    readonly userId: string,
    /** The id of the administrator. */
    readonly invitedBy: string,
  ) {
    super();
  }
}
