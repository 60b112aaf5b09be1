import { isUtf8 } from 'node:buffer';

/** A line above this size is rejected, so that a file without line breaks does not fill the memory. */
export const MAX_LINE_BYTES = 1_048_576;

const LINE_FEED = 10;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/** A line without its line break, or the reason why it cannot be read. */
export interface Line {
  /** From 1. */
  readonly line: number;
  readonly text?: string;
  readonly reason?: string;
}

/** Splits UTF-8 into lines. A byte order mark at the beginning of the file is not part of the first line. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let line = 1;
  let parts: Buffer[] = [];
  let size = 0;
  const take = (part: Buffer): void => {
    size += part.length;
    if (size <= MAX_LINE_BYTES) parts.push(part);
  };
  const finish = (): Line => {
    let bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    if (line === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)) bytes = bytes.subarray(3);
    const number = line;
    const isTooLong = size > MAX_LINE_BYTES;
    [line, parts, size] = [line + 1, [], 0];
    if (isTooLong) return { line: number, reason: 'the line is longer than 1 MiB' };
    if (!isUtf8(bytes)) return { line: number, reason: 'the line is not UTF-8' };
    return { line: number, text: bytes.toString('utf8').replace(/\r$/, '') };
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      take(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    if (start < chunk.length) take(chunk.subarray(start));
  }
  if (size > 0) yield finish();
}
