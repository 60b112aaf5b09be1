/**
 * Something that has happened, told after it was committed. It carries no secret and cannot refuse anything.
 *
 * @example
 * ```ts
 * export class SessionRevoked extends DomainEvent {
 *   static override readonly type = 'session.revoked';
 *   constructor(readonly sessionId: string, readonly reason: string) { super(); }
 * }
 * ```
 */
export abstract class DomainEvent {
  /** The name under which `@OnEvent()` hears the event: `noun.past-tense`, stable. */
  static readonly type: string;

  /** The instant at which it happened. */
  readonly occurredAt: Date = new Date();
}
