import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Principal } from 'postern/auth';
import { FollowerAccess } from './follower-access.js';
import { RevocationFeed } from './revocation-feed.js';
import type { SequencedRevocation } from '../storage/revocation-table.js';
import { cursorOf, positionOf, textOfCursor } from './feed-position.js';
import type { FeedPosition } from './feed-position.js';
import { RevocationSnapshot } from './revocation-snapshot.js';
import { SecurityEventSigner } from './security-event-signer.js';

const PAGE_SIZE = 100;
/** The limit for the events of a response: followers limit their input. The permissions of a role can be long. */
const MAX_PAGE_BYTES = 500_000;
const SHORT_PAUSE_MILLISECONDS = 100;

/** The revocations after a cursor. */
export interface FeedAnswer {
  /** Whether a snapshot begins. */
  readonly reset: boolean;
  /** Security Event Tokens, in buffers that all followers share. */
  readonly sets: readonly Buffer[];
  /** The cursor of the next call. */
  readonly cursor: string;
  /** The sequence number after this response, or at the end of the snapshot. */
  readonly sequence: number;
  readonly hasMore: boolean;
}

/** The JSON of `RevocationPageDto` in pieces, which avoids copies of the tokens. */
export function jsonPieces({ reset, sets, cursor, sequence, hasMore }: FeedAnswer): Buffer[] {
  const tokens = sets.flatMap((token, at) => [Buffer.from(at === 0 ? '"' : '","'), token]);
  const rest = JSON.stringify({ cursor, sequence, more_available: hasMore }).slice(1);
  return [Buffer.from(`{"reset":${reset},"sets":[`), ...tokens, Buffer.from(`${sets.length > 0 ? '"' : ''}],${rest}`)];
}

/** Answers followers that poll, for networks that do not support streams. */
@Injectable()
export class RevocationFeedPoll {
  constructor(
    private readonly feed: RevocationFeed,
    private readonly snapshot: RevocationSnapshot,
    private readonly events: SecurityEventSigner,
    private readonly access: FollowerAccess,
  ) {}

  /**
   * The revocations after a cursor. Waits for a revocation if there is none yet, but not until the token expires.
   *
   * @throws RevocationsUnknownError if this replica has no contact with the database
   */
  async page(
    text: string | undefined,
    waitSeconds: number,
    principal: Principal,
    signal: AbortSignal,
  ): Promise<FeedAnswer> {
    const cursor = cursorOf(text);
    // A follower that gets a snapshot must receive all revocations and roles from before its call.
    const isKnown = cursor !== undefined && this.feed.after(cursor.position, 0) !== undefined;
    await this.untilFresh(signal, isKnown ? undefined : performance.now());
    if (cursor === undefined || this.feed.after(cursor.position, 0) === undefined) return this.firstPage();
    if (cursor.snapshotOffset !== undefined) return this.nextPage(cursor.position, cursor.snapshotOffset, false);
    return this.following(cursor.position, Math.min(waitSeconds, this.access.secondsLeft(principal)), signal);
  }

  private async following(place: FeedPosition, waitSeconds: number, signal: AbortSignal): Promise<FeedAnswer> {
    const deadline = performance.now() + waitSeconds * 1000;
    for (;;) {
      const entries = this.feed.after(place, PAGE_SIZE + 1);
      if (entries === undefined) return this.firstPage();
      const left = deadline - performance.now();
      if (entries.length > 0 || left <= 0 || signal.aborted) return this.answer(place, entries);
      await this.feed.moved(place, left, signal);
      await this.untilFresh(signal);
    }
  }

  /** Waits for a recent read of the database: a response states that no earlier revocation is missing. */
  private async untilFresh(signal: AbortSignal, since = Number.NEGATIVE_INFINITY): Promise<void> {
    for (;;) {
      this.feed.assertKnown();
      if (this.feed.isComplete(since) || signal.aborted) return;
      await delay(SHORT_PAUSE_MILLISECONDS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async answer(place: FeedPosition, entries: readonly SequencedRevocation[]): Promise<FeedAnswer> {
    const sets: Buffer[] = [];
    let bytes = 0;
    for (const entry of entries.slice(0, PAGE_SIZE)) {
      const { token } = await this.events.signRevocation(entry);
      bytes += token.length;
      if (bytes > MAX_PAGE_BYTES && sets.length > 0) break;
      sets.push(token);
    }
    const last = entries[sets.length - 1];
    const end = last ? positionOf(last) : place;
    const hasMore = entries.length > sets.length;
    return { reset: false, sets, cursor: textOfCursor({ position: end }), sequence: end.sequence, hasMore };
  }

  private firstPage(): Promise<FeedAnswer> {
    return this.nextPage(this.snapshot.begin(), 0, true);
  }

  /**
   * A page of a snapshot. If the first page is the last one, the same response contains the events after it.
   *
   * @param start the position in the cursor of the follower; it is unknown after a reload of the order
   */
  private async nextPage(start: FeedPosition, after: number, reset: boolean): Promise<FeedAnswer> {
    const page = await this.snapshot.after(after);
    if (this.feed.after(start, 0) === undefined) return this.firstPage();
    const end = this.snapshot.endPlace;
    const sets = page === undefined ? [] : [page.event.token];
    if (page !== undefined && page.upTo < end.sequence) {
      const cursor = textOfCursor({ position: start, snapshotOffset: page.upTo });
      return { reset, sets, cursor, sequence: end.sequence, hasMore: true };
    }
    const entries = this.feed.after(end, reset ? PAGE_SIZE + 1 : 0);
    if (entries === undefined) return this.firstPage();
    const answer = await this.answer(end, entries);
    return { ...answer, reset, sets: [...sets, ...answer.sets] };
  }
}
