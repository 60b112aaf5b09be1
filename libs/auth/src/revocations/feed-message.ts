import { readJsonObject } from 'postern/jws';

/**
 * A message of the feed:
 * - `reset`: the messages up to the next `position` are a complete snapshot
 * - `set`: a Security Event Token, not verified yet
 * - `position`: the feed has sent everything up to this sequence number
 */
export type FeedMessage =
  | { readonly type: 'reset' }
  | { readonly type: 'set'; readonly text: string; readonly cursor?: string }
  | { readonly type: 'position'; readonly sequence: number; readonly cursor: string };

const MAX_CURSOR_LENGTH = 64;

/** A response of the poll. */
export interface FeedPage {
  readonly reset: boolean;
  readonly sets: readonly string[];
  readonly sequence: number;
  readonly cursor: string;
  readonly hasMore: boolean;
}

/** @throws Error that names the defect */
export function readPage(body: Buffer): FeedPage {
  const page = readJsonObject(body, 4);
  if (page === undefined) throw new Error('the feed did not answer with one strict JSON object');
  const { reset, sets, sequence, cursor, more_available: hasMore } = page;
  const isSound =
    typeof reset === 'boolean' &&
    typeof hasMore === 'boolean' &&
    Array.isArray(sets) &&
    sets.every((set) => typeof set === 'string') &&
    isSequence(sequence) &&
    typeof cursor === 'string';
  if (!isSound) throw new Error('the response of the feed is malformed');
  return { reset, sets, sequence, cursor: checkedCursor(cursor), hasMore };
}

/** The sequence number of a position. @throws Error if it is malformed */
export function sequenceOf(data: string): number {
  const sequence = readJsonObject(Buffer.from(data), 2)?.sequence;
  if (!isSequence(sequence)) throw new Error('the feed sent a malformed position');
  return sequence;
}

/** @throws Error if the text cannot be a cursor */
export function checkedCursor(cursor: string): string {
  // The cursor is sent back in a header.
  if (cursor.length > MAX_CURSOR_LENGTH || !/^[\w.:-]*$/.test(cursor)) throw new Error('the cursor is malformed');
  return cursor;
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
