import { Injectable, Logger } from '@nestjs/common';
import { EventEmitter2 } from '@nestjs/event-emitter';
import { Database } from './transactions/database.js';
import type { DomainEvent } from './domain-event.js';

type Listener = (event: DomainEvent) => unknown;

/** Tells the listeners of `@OnEvent(SomeEvent.type)` what has happened, once it is true. */
@Injectable()
export class Events {
  private readonly logger = new Logger(Events.name);

  constructor(
    private readonly database: Database,
    private readonly emitter: EventEmitter2,
  ) {}

  /**
   * Delivers the event after the ambient transaction has committed, at once where there is none, and never when it was
   * rolled back. A listener that fails is logged; it neither reaches the caller nor keeps the event from the others.
   */
  publish(event: DomainEvent): void {
    this.database.afterCommit(() => this.deliver(event));
  }

  private deliver(event: DomainEvent): void {
    const { type } = event.constructor as typeof DomainEvent;
    const failed = (error: unknown) => this.logger.error(`A listener of "${type}" failed`, stackOf(error));
    // Not emitter.emit(): there, the first listener that throws keeps the event from those behind it.
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
