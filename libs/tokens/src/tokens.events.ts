import { DomainEvent } from 'postern/persistence';

/** A key stands in the JWKS and is going to sign. */
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

/** A key has begun to sign. */
export class SigningKeyActivated extends DomainEvent {
  static override readonly type = 'signing-key.activated';

  constructor(
    readonly keyId: string,
    readonly algorithm: string,
  ) {
    super();
  }
}

/** A key was taken out at once: nothing that it signed is accepted any more. */
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
