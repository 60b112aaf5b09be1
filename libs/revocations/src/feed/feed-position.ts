/**
 * A place in the order of revocations. The tag is a part of the random id of the revocation there: a database that was
 * restored from a backup gives the same number to another one, and the two are told apart.
 */
export interface FeedPosition {
  readonly sequence: number;
  /** Empty where the revocation is not kept any more. */
  readonly tag: string;
}

/** Where a follower goes on: behind a place, or amid a snapshot that ends at it. */
export interface FeedCursor {
  readonly position: FeedPosition;
  /** Amid a snapshot: up to where it was told. */
  readonly snapshotOffset?: number;
}

/** Before the first revocation. */
export const START: FeedPosition = { sequence: 0, tag: '' };

const TAG_LENGTH = 8;
const FORM = /^(\d{1,15})\.([0-9a-f]{8})?(?:\.(\d{1,15}))?$/;

/** The place of a revocation. */
export function positionOf({ sequence, id }: { readonly sequence: number; readonly id: string }): FeedPosition {
  // The end of a UUID of version 7 is random.
  return { sequence, tag: id.slice(-TAG_LENGTH) };
}

/** Whether the same revocation is at both. */
export function isSamePosition(one: FeedPosition, other: FeedPosition | undefined): boolean {
  return one.sequence === other?.sequence && one.tag === other.tag;
}

/** The cursor as it travels. */
export function textOfCursor({ position, snapshotOffset }: FeedCursor): string {
  return `${position.sequence}.${position.tag}${snapshotOffset === undefined ? '' : `.${snapshotOffset}`}`;
}

/** `undefined` for what no feed has ever told. */
export function cursorOf(text: string | undefined): FeedCursor | undefined {
  const [, sequence, tag = '', snapshotOffset] = FORM.exec(text ?? '') ?? [];
  if (sequence === undefined) return undefined;
  const position = { sequence: Number(sequence), tag };
  return snapshotOffset === undefined ? { position } : { position, snapshotOffset: Number(snapshotOffset) };
}
