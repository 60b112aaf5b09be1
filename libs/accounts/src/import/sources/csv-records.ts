import { MAX_LINE_BYTES } from './lines.js';
import type { Line } from './lines.js';

/** A record with its first line, or the reason why it cannot be read. An empty field without quotes is null. */
export interface CsvRecord {
  readonly line: number;
  readonly fields?: readonly (string | null)[];
  readonly reason?: string;
}

/** A field in quotes may have line breaks, but a record of more lines has a quote that is never closed. */
const MAX_LINES = 200;

/**
 * The records of a CSV file of PostgreSQL (RFC 4180, and NULL as an empty field without quotes). A broken record ends
 * with its first line, so that a quote that is never closed does not swallow the rest of the file.
 */
export async function* csvRecordsOf(lines: AsyncIterable<Line>): AsyncGenerator<CsvRecord> {
  const pending: Line[] = [];
  for await (const line of lines) {
    pending.push(line);
    yield* recordsIn(pending, false);
  }
  yield* recordsIn(pending, true);
}

/** Takes the complete records from the lines; at the end of the file, also a record that is never closed. */
function* recordsIn(pending: Line[], isEnd: boolean): Generator<CsvRecord> {
  while (pending.length > 0) {
    const count = lengthOfFirst(pending);
    if (count === undefined && !isEnd) return;
    const fields = count === undefined ? undefined : fieldsOf(pending.slice(0, count));
    const [first] = pending as [Line];
    pending.splice(0, fields === undefined ? 1 : count);
    const reason = first.reason ?? 'a quote is in the wrong place, or is not closed';
    yield fields === undefined ? { line: first.line, reason } : { line: first.line, fields };
  }
}

/** The number of lines of the first record: a complete record has an even number of quotes. */
function lengthOfFirst(lines: readonly Line[]): number | undefined {
  let [quotes, size] = [0, 0];
  for (const [index, { text }] of lines.entries()) {
    if (text === undefined) return index + 1;
    quotes += text.match(/"/g)?.length ?? 0;
    size += text.length;
    if (quotes % 2 === 0 || index + 1 === MAX_LINES || size > MAX_LINE_BYTES) return index + 1;
  }
  return undefined;
}

const FIELD = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;

/** The fields of a complete record; `undefined` if a quote is in the wrong place. */
function fieldsOf(lines: readonly Line[]): (string | null)[] | undefined {
  if (lines.some(({ text }) => text === undefined)) return undefined;
  const record = lines.map(({ text }) => text).join('\n');
  const fields: (string | null)[] = [];
  FIELD.lastIndex = 0;
  for (;;) {
    const match = FIELD.exec(record);
    if (match === null) return undefined;
    const [, quoted, plain, end] = match;
    fields.push(quoted === undefined ? plain || null : quoted.replaceAll('""', '"'));
    if (end === '') return fields;
  }
}
