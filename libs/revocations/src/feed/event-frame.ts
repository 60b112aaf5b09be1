/** The bytes of a Server-Sent Event. */
export interface EventFrame {
  readonly frame: Buffer;
  /** The value of `data`: a view of the same memory. */
  readonly data: Buffer;
}

/**
 * Encodes a Server-Sent Event.
 *
 * @param data a line of ASCII
 * @param id the value that a client sends back as `Last-Event-ID`
 * @see HTML, §9.2.5 "Parsing an event stream"
 */
export function eventFrame(event: string, data: string, id?: string): EventFrame {
  const head = `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: `;
  const frame = Buffer.from(`${head}${data}\n\n`, 'latin1');
  return { frame, data: frame.subarray(head.length, head.length + data.length) };
}

/**
 * Nothing may store the revocations, and nothing may compress them: compression holds back an event until more events
 * follow. @see RFC 9111 §5.2.2.6
 */
export const FEED_CACHE_CONTROL = 'no-store, no-transform';
