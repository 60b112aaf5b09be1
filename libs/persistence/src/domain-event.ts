/**
 * An event that is published after the commit. It contains no secret, and a listener cannot veto it.
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
  /** The stable name for `@OnEvent()`: `noun.past-tense`. */
  static readonly type: string;

  /** The `type` of the class, for a listener of several events: `@OnEvent('**')`. */
  readonly type: string = (this.constructor as typeof DomainEvent).type;

  /** When the event was created. */
  readonly occurredAt: Date = new Date();
}
