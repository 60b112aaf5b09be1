/**
 * A position in the order of revocations. The tag is a part of the random id of the revocation: a database that was
 * restored from a backup assigns the same number to another revocation, and the tags differ.
 */
export interface FeedPosition {
  readonly sequence: number;
  /** Empty if the revocation is no longer stored. */
  readonly tag: string;
}

/** The cursor of a follower: after a position, or inside a snapshot that ends at the position. */
export interface FeedCursor {
  readonly position: FeedPosition;
  /** Inside a snapshot: the last sequence number sent. */
  readonly snapshotOffset?: number;
}

/** The position before the first revocation. */
export const START: FeedPosition = { sequence: 0, tag: '' };

const TAG_LENGTH = 8;
const FORM = /^(\d{1,15})\.([0-9a-f]{8})?(?:\.(\d{1,15}))?$/;

/** The position of a revocation. */
export function positionOf({ sequence, id }: { readonly sequence: number; readonly id: string }): FeedPosition {
  // The end of a UUID of version 7 is random.
  return { sequence, tag: id.slice(-TAG_LENGTH) };
}

/** Whether both positions name the same revocation. */
export function isSamePosition(position: FeedPosition, other: FeedPosition | undefined): boolean {
  return position.sequence === other?.sequence && position.tag === other.tag;
}

/** Encodes a cursor. */
export function textOfCursor({ position, snapshotOffset }: FeedCursor): string {
  return `${position.sequence}.${position.tag}${snapshotOffset === undefined ? '' : `.${snapshotOffset}`}`;
}

/** Decodes a cursor; `undefined` if no feed can have sent it. */
export function cursorOf(text: string | undefined): FeedCursor | undefined {
  const [, sequence, tag = '', snapshotOffset] = FORM.exec(text ?? '') ?? [];
  if (sequence === undefined) return undefined;
  const position = { sequence: Number(sequence), tag };
  return snapshotOffset === undefined ? { position } : { position, snapshotOffset: Number(snapshotOffset) };
}
