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
