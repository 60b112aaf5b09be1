import { Injectable, Logger } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { Database } from './transactions/database.js';
import type { DomainEvent } from './domain-event.js';

type Listener = (event: DomainEvent) => unknown;

/** Publishes events to the listeners of `@OnEvent(SomeEvent.type)` after the commit. */
@Injectable()
export class Events {
  private readonly logger = new Logger(Events.name);

  constructor(
    private readonly database: Database,
    private readonly emitter: EventEmitter2,
  ) {}

  /**
   * Delivers the event after the current transaction has committed, at once if there is no transaction, and never if
   * it was rolled back. The error of a listener is logged. It does not reach the caller or other listeners.
   */
  publish(event: DomainEvent): void {
    this.database.afterCommit(() => this.deliver(event));
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
