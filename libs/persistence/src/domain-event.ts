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

  /** When the event was created. */
  readonly occurredAt: Date = new Date();
}
