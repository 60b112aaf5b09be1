import { DomainEvent } from 'postern/persistence';

/**
 * Wrong passwords of all accounts and networks exceed the limit `failures`: somebody may be trying stolen passwords.
 * Each replica publishes it once, until a minute without further excess has passed.
 */
export class PasswordAttackSuspected extends DomainEvent {
  static override readonly type = 'limits.password-attack-suspected';

  constructor(
    /** The number of wrong passwords that the limit allows. */
    readonly points: number,
    /** The time in which it allows them, in seconds. */
    readonly seconds: number,
  ) {
    super();
  }
}
