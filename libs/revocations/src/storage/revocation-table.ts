import { Injectable } from '@nestjs/common';
import { MAX_CLOCK_TOLERANCE_SECONDS, MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS } from 'postern/auth';
import type { Revocation, RevocationRequest } from 'postern/auth';
import { Database, ON_PRIMARY, uuidv7 } from 'postern/persistence';
import { EarliestClock } from 'postern/tokens';
import { isSamePosition, positionOf } from '../feed/feed-position.js';
import type { FeedPosition } from '../feed/feed-position.js';
import { RevocationSignal } from '../signals/revocation-signal.js';
import { CheckedRevocationsSettings } from '../checked-revocations-settings.js';
import { longestNotedLife } from './issued-lifetimes.js';

/** A revocation that is to be written. */
export interface NewRevocation extends RevocationRequest {
  /** When the last token was issued that it concerns, where that is known: a replica whose clock was ahead says later than now. */
  readonly lastIssuedAt?: Date;
}

/** A revocation that has its place in the order. */
export interface SequencedRevocation extends Revocation {
  /** Counts from 1 without a gap, in the order in which readers can see them. */
  readonly sequence: number;
}

/** What follows a place in the order. */
export interface RevocationTablePage {
  readonly entries: readonly SequencedRevocation[];
  /** The place of the last of them; the one that was asked for where there is none. */
  readonly end: FeedPosition;
  /** Committed revocations that wait for their place in the order, as many at most as were asked for. */
  readonly unordered: readonly Revocation[];
}

/**
 * A revocation outlives the token by this: a verifier may accept the token for so long after its expiry, clocks differ among
 * replicas and verifiers, and a token may be on its way.
 */
const MARGIN_SECONDS = MAX_CLOCK_TOLERANCE_SECONDS + MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS;

/**
 * The table of revocations, which is their truth.
 *
 * A number taken inside a transaction becomes visible at its commit: who has read 10 may still be missing 9. So rows
 * are written without a number, and after the commit a second, tiny transaction numbers what is committed. It holds
 * the one row of `revocation_cursor` while it does, so that numbers become visible in their order, without gaps.
 */
@Injectable()
export class RevocationTable {
  private ordering: Promise<void> | undefined;
  private isAskedAgain = false;

  constructor(
    private readonly database: Database,
    private readonly signal: RevocationSignal,
    private readonly terms: CheckedRevocationsSettings,
    private readonly earliestClock: EarliestClock,
  ) {}

  /** Writes revocations in the ambient transaction; they have no place in the order yet. */
  async append(revocations: readonly NewRevocation[]): Promise<Revocation[]> {
    const ids = revocations.map(() => uuidv7());
    const rows = await this.database.manager.query<{ id: string; expiresAt: number }[]>(
      `INSERT INTO revocations (id, kind, target, before, reason, created_at, expires_at)
       SELECT id, kind, target, to_timestamp(before), reason, $7::timestamptz, coalesce(
         to_timestamp(expires_at),
         to_timestamp(ceil(extract(epoch FROM greatest($7, last_issued_at))) + $9 + greatest(lifetime, ${longestNotedLife('r.kind', '$7')})))
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::float8[], $5::text[], $6::float8[], $8::float8[], $10::timestamptz[])
         AS r (id, kind, target, before, reason, expires_at, lifetime, last_issued_at)
       RETURNING id, extract(epoch FROM expires_at)::float8 AS "expiresAt"`,
      [
        ids,
        revocations.map(({ kind }) => kind),
        revocations.map(({ target }) => target),
        revocations.map(({ before }) => before ?? null),
        revocations.map(({ reason }) => reason),
        revocations.map(({ expiresAt }) => expiresAt ?? null),
        this.terms.now(),
        revocations.map(({ kind }) => this.terms.longestLifeUnder(kind)),
        MARGIN_SECONDS,
        revocations.map(({ lastIssuedAt }) => lastIssuedAt ?? null),
      ],
    );
    const expiries = new Map(rows.map(({ id, expiresAt }) => [id, expiresAt]));
    return revocations.map((revocation, index) => ({ ...revocation, expiresAt: expiries.get(ids[index]!)! }));
  }

  /** Gives every committed revocation its place in the order, and tells the replicas. Calls that come together share a turn. */
  order(): Promise<void> {
    this.isAskedAgain = true;
    this.ordering ??= this.orderAll().finally(() => (this.ordering = undefined));
    return this.ordering;
  }

  /**
   * What follows a place in the order, in its order; `undefined` where the place is not there any more, as after a fail-over in
   * which commits were lost: their numbers are given again, and only who reads anew misses none.
   *
   * @param place sequence 0 and no tag for all that is kept
   * @param most how many at once
   * @throws Error of the database, also where it is a standby: one that is behind does not know what it lacks
   */
  async since(place: FeedPosition, most: number): Promise<RevocationTablePage | undefined> {
    // The place itself is read with what follows: that costs no query, and shows whether it is still there.
    const read = place.tag === '' ? 0 : 1;
    const rows = await this.database.withReservedConnection(() =>
      this.database.manager.query<JournalRow[]>(
        `(SELECT ${COLUMNS} FROM revocations WHERE seq > $1 AND ${ON_PRIMARY} ORDER BY seq LIMIT $2)
       UNION ALL (SELECT ${COLUMNS} FROM revocations WHERE seq IS NULL LIMIT $3)`,
        [place.sequence - read, most + read, most],
      ),
    );
    const ordered = rows.filter((row): row is OrderedRow => row.seq !== null);
    const places = ordered.map(({ id, seq }) => positionOf({ id, sequence: Number(seq) }));
    if (read > 0 && !isSamePosition(place, places[0])) return undefined;
    return {
      entries: ordered.slice(read).map((row) => ({ sequence: Number(row.seq), ...revocationOf(row) })),
      end: places.at(-1) ?? place,
      unordered: rows.filter(({ seq }) => seq === null).map(revocationOf),
    };
  }

  /**
   * Forgets revocations that no living token can concern any more, but never the last one: its place is what readers know
   * the database again by.
   *
   * @param most how many at once
   * @returns how many were forgotten
   */
  async forgetExpired(most: number): Promise<number> {
    const [, count] = await this.database.manager.query<[unknown, number]>(
      `DELETE FROM revocations WHERE id IN (
         SELECT id FROM revocations WHERE expires_at < $1 AND seq < (SELECT max(seq) FROM revocations)
         LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [await this.earliestClock.now(), most],
    );
    return count;
  }

  private async orderAll(): Promise<void> {
    while (this.isAskedAgain) {
      this.isAskedAgain = false;
      const [numbered] = await this.database.batch<{ seq: string }>(NUMBER_COMMITTED);
      if (numbered) await this.signal.announce(Number(numbered.seq));
    }
  }
}

const COLUMNS = `id, seq, kind, target, extract(epoch FROM before)::float8 AS before, reason,
  extract(epoch FROM expires_at)::float8 AS "expiresAt"`;

/** In one round trip, for it stands between each revocation and its refusal elsewhere. */
const NUMBER_COMMITTED = [
  // A statement of its own: the next one must see what was committed before this lock was given.
  'SELECT FROM revocation_cursor FOR UPDATE',
  `WITH unordered AS (
     SELECT id, row_number() OVER (ORDER BY created_at, id) AS place FROM revocations WHERE seq IS NULL
   ), numbered AS (
     UPDATE revocations r SET seq = c.seq + u.place
     FROM unordered u, revocation_cursor c WHERE r.id = u.id RETURNING 1
   )
   UPDATE revocation_cursor SET seq = seq + (SELECT count(*) FROM numbered)
   WHERE EXISTS (SELECT FROM unordered) RETURNING seq`,
] as const;

interface JournalRow {
  readonly id: string;
  // pg writes a bigint as text.
  readonly seq: string | null;
  readonly kind: Revocation['kind'];
  readonly target: string;
  readonly before: number | null;
  readonly reason: string;
  readonly expiresAt: number;
}

type OrderedRow = JournalRow & { readonly seq: string };

function revocationOf({ kind, target, before, reason, expiresAt }: JournalRow): Revocation {
  return { kind, target, reason, expiresAt, ...(before !== null && { before }) };
}
