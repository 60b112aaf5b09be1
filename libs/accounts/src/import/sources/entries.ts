import { UnsupportedHashError } from 'postern/password/foreign-hashes';
import { EntryError } from '../source-user.js';
import type { SourceEntry, SourceUser } from '../source-user.js';
import { jsonElementsOf } from './json-elements.js';
import { jsonOf, objectOf } from './fields.js';
import type { JsonObject } from './fields.js';
import { linesOf } from './lines.js';

/** Opens the file from its beginning. */
export type OpenFile = () => AsyncIterable<Buffer>;

/** Reads one object of an export; `undefined` for an object that is not a user. @throws EntryError */
export type ReadEntry = (entry: JsonObject) => Omit<SourceUser, 'line' | 'entry'> | undefined;

interface RawEntry {
  readonly line: number;
  readonly text?: string;
  readonly reason?: string;
}

/** The users of a file with one JSON object on each line. An empty line is rejected only if it is not the last. */
export async function* ndjsonUsersOf(open: OpenFile, read: ReadEntry): AsyncGenerator<SourceEntry> {
  for await (const raw of linesOf(open())) yield* entryOf(raw, read);
}

/** The users of a list in a JSON document. */
export async function* jsonUsersOf(open: OpenFile, member: string, read: ReadEntry): AsyncGenerator<SourceEntry> {
  for await (const raw of jsonElementsOf(open(), member)) yield* entryOf(raw, read);
}

function* entryOf({ line, text, reason }: RawEntry, read: ReadEntry): Generator<SourceEntry> {
  if (text === undefined) {
    yield { line, reason: reason! };
    return;
  }
  yield* guarded(line, () => {
    if (text.trim() === '') throw new EntryError('the line is empty', true);
    const entry = objectOf(jsonOf(text, 'the entry'), 'the entry');
    const user = read(entry);
    return user && { ...user, line, entry };
  });
}

/** Yields the user, or the reason if it cannot be read. */
export function* guarded(line: number, read: () => SourceUser | undefined): Generator<SourceEntry> {
  try {
    const user = read();
    if (user !== undefined) yield user;
  } catch (error) {
    if (!(error instanceof EntryError || error instanceof UnsupportedHashError)) throw error;
    yield { line, reason: error.message, isSkipped: error instanceof EntryError && error.isSkipped };
  }
}
