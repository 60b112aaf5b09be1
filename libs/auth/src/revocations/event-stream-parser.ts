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
 * Parses Server-Sent Events from chunks, wherever the chunks are cut.
 *
 * @see HTML, §9.2.6 "Interpreting an event stream"
 */
export class EventStreamParser {
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private readonly lines: string[] = [];
  private readonly pieces: string[] = [];
  private waiting = 0;
  private size = 0;
  private type = '';
  private id = '';

  /**
   * @returns the events that the chunk completes
   * @throws Error for bytes that are not UTF-8, and for an event that is too long
   */
  push(chunk: Uint8Array): StreamedEvent[] {
    const piece = this.decoder.decode(chunk, { stream: true });
    this.pieces.push(piece);
    this.waiting += piece.length;
    if (this.waiting + this.size > MAX_CHARACTERS) throw new Error('an event of the stream is too long');
    // A long line in small pieces is joined once, and not for each piece.
    if (!/[\r\n]/.test(piece) && !this.pieces.at(-2)?.endsWith('\r')) return [];
    // CR LF may be split between two chunks, so a CR at the end waits for the next chunk.
    const lines = this.pieces
      .splice(0)
      .join('')
      .split(/\r\n|\n|\r(?!$)/);
    const rest = lines.pop()!;
    this.pieces.push(rest);
    this.waiting = rest.length;
    return lines.flatMap((line) => this.readLine(line) ?? []);
  }

  private readLine(line: string): StreamedEvent | undefined {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.type = value;
    if (field === 'id' && !value.includes('\0')) this.id = value;
    if (field === 'data') {
      this.lines.push(value);
      // Plus its line break, because an empty line also takes memory.
      this.size += value.length + 1;
      if (this.size > MAX_CHARACTERS) throw new Error('an event of the stream is too long');
    }
    return undefined;
  }

  private dispatch(): StreamedEvent | undefined {
    const data = this.lines.splice(0).join('\n');
    const type = this.type || 'message';
    this.type = '';
    this.size = 0;
    return data === '' ? undefined : { type, data, id: this.id };
  }
}
