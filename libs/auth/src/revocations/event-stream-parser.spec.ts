import { EventStreamParser } from './event-stream-parser.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Parses the stream in chunks of this many bytes. */
function read(text: string, size: number) {
  const parser = new EventStreamParser();
  const all = bytes(text);
  const events = [];
  for (let at = 0; at < all.length; at += size) events.push(...parser.push(all.subarray(at, at + size)));
  return events;
}

describe('EventStreamParser', () => {
  const stream =
    ': a comment\n\nevent: set\nid: 7\ndata: one\ndata: twö\n\ndata:three\r\n\r\nid: 8\ndata: four\n\ndata: cut off';

  it.each([1, 3, 1000])('EventStreamParser returns the same events from chunks of %i bytes', (size) => {
    expect(read(stream, size)).toEqual([
      { type: 'set', data: 'one\ntwö', id: '7' },
      { type: 'message', data: 'three', id: '7' },
      { type: 'message', data: 'four', id: '8' },
    ]);
  });

  it('EventStreamParser ignores an event without data, and its name', () => {
    expect(read('event: reset\n\ndata: x\n\n', 1000)).toEqual([{ type: 'message', data: 'x', id: '' }]);
  });

  it.each([
    ['a line', () => 'data: '.padEnd(2_000_000, 'x')],
    ['a line in small pieces', () => 'x'.repeat(2_000_000)],
    ['an event of many lines', () => `data: ${'x'.repeat(1000)}\n`.repeat(2000)],
    ['an event of many empty lines', () => 'data\n'.repeat(2_000_000)],
  ])('EventStreamParser throws if %s is too long', (_, text) => {
    expect(() => read(text(), 4096)).toThrow(/too long/);
  });

  it('EventStreamParser throws if the bytes are not UTF-8', () => {
    expect(() => new EventStreamParser().push(Buffer.from([0x64, 0xff, 0xfe]))).toThrow(/encoded data/);
  });
});
