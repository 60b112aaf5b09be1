import { Injectable, Logger } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { Database } from './transactions/database.js';
import type { DomainEvent } from './domain-event.js';

type Listener = (event: DomainEvent) => unknown;
type Handler = (event: DomainEvent) => Promise<void>;

/** The class of an event. */
export type EventClass<E extends DomainEvent> = abstract new (...fields: never) => E;

/** Publishes events to the listeners of `@OnEvent(SomeEvent.type)` after the commit. */
@Injectable()
export class Events {
  private readonly logger = new Logger(Events.name);
  private readonly handlers = new Map<EventClass<DomainEvent>, Handler[]>();

  constructor(
    private readonly database: Database,
    private readonly emitter: EventEmitter2,
  ) {}

  /**
   * Delivers the event after the current transaction has committed, at once if there is no transaction, and never if
   * it was rolled back. The error of a listener is logged. It does not reach the caller or other listeners.
   */
  publish(event: DomainEvent): void {
    for (const handler of this.handlers.get(event.constructor as EventClass<DomainEvent>) ?? []) {
      this.database.beforeCommit(() => handler(event));
    }
    this.database.afterCommit(() => this.deliver(event));
  }

  /**
   * Registers a handler that runs in the transaction of the event, before its commit: its rows exist exactly if the
   * change exists. An error of the handler rolls the change back. Use `@OnEvent` for all other effects.
   *
   * @example
   * ```ts
   * events.beforeCommit(PasswordChanged, async ({ userId }) => this.outbox.add(await this.noticeFor(userId)));
   * ```
   */
  beforeCommit<E extends DomainEvent>(type: EventClass<E>, handler: (event: E) => Promise<void>): void {
    this.handlers.set(type, [...(this.handlers.get(type) ?? []), handler as Handler]);
  }

  private deliver(event: DomainEvent): void {
    const { type } = event.constructor as typeof DomainEvent;
    const failed = (error: unknown) => this.logger.error(`A listener of "${type}" failed`, stackOf(error));
    // Not emitter.emit(), because it stops at the first listener that throws.
    for (const listener of this.emitter.listeners(type) as Listener[]) {
      try {
        Promise.resolve(listener(event)).catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
