import { DomainEvent } from 'postern/persistence';

/** A key was added to the JWKS and signs from `activeAt`. */
export class SigningKeyAnnounced extends DomainEvent {
  static override readonly type = 'signing-key.announced';

  constructor(
    readonly keyId: string,
    readonly algorithm: string,
    readonly activeAt: Date,
  ) {
    super();
  }
}

/** A key began to sign. */
export class SigningKeyActivated extends DomainEvent {
  static override readonly type = 'signing-key.activated';

  constructor(
    readonly keyId: string,
    readonly algorithm: string,
  ) {
    super();
  }
}

/** A key was killed: its tokens are no longer accepted. */
export class SigningKeyKilled extends DomainEvent {
  static override readonly type = 'signing-key.killed';

  constructor(
    readonly keyId: string,
    readonly algorithm: string,
    readonly reason: string,
  ) {
    super();
  }
}
