import { createParser } from 'eventsource-parser';

/** An event of a stream. */
export interface StreamedEvent {
  /** `message` if the event has no name. */
  readonly type: string;
  readonly data: string;
  /** The last `id`, from this event or an earlier one. */
  readonly id: string;
}

/** The limit of one event: an endless line of a hostile stream must not fill the memory. */
const MAX_CHARACTERS = 1_048_576;

/**
 * Parses Server-Sent Events from chunks of bytes, and limits the size of an event.
 *
 * @see HTML, §9.2.6 "Interpreting an event stream"
 */
export class EventStreamParser {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private readonly events: StreamedEvent[] = [];
  private lastId = '';
  private readonly parser = createParser({
    maxBufferSize: MAX_CHARACTERS,
    onEvent: ({ event: type = 'message', data, id = this.lastId }) => {
      this.lastId = id;
      if (data !== '') this.events.push({ type, data, id });
    },
    // The other errors are unknown fields and malformed values of `retry`, which the standard ignores.
    onError: ({ type }) => {
      if (type === 'max-buffer-size-exceeded') throw new Error('an event of the stream is too long');
    },
  });

  /**
   * @returns the events that the chunk completes
   * @throws Error for bytes that are not UTF-8, and for an event that is too long
   */
  push(chunk: Uint8Array): StreamedEvent[] {
    this.parser.feed(this.decoder.decode(chunk, { stream: true }));
    return this.events.splice(0);
  }
}
