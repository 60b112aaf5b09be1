import { SingleFlight } from 'postern/problem';
import { Injectable } from '@nestjs/common';
import { MAX_CLOCK_TOLERANCE_SECONDS, MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS } from 'postern/auth';
import type { Revocation, RevocationRequest } from 'postern/auth';
import { Database, ON_PRIMARY, uuidv7 } from 'postern/persistence';
import { EarliestClock } from 'postern/tokens';
import { isSamePosition, positionOf } from '../feed/feed-position.js';
import type { FeedPosition } from '../feed/feed-position.js';
import { RevocationSignal } from '../signals/revocation-signal.js';
import { CheckedRevocationsSettings } from '../checked-revocations-settings.js';
import { longestRecordedLifetime } from './issued-lifetimes.js';

/** A revocation to write. */
export interface NewRevocation extends RevocationRequest {
  /** When the last concerned token was issued, if known. It is in the future if the clock of a replica is ahead. */
  readonly lastIssuedAt?: Date;
}

/** A revocation that has a number. Instants in epoch seconds. */
export interface SequencedRevocation extends Revocation {
  readonly id: string;
  readonly createdAt: number;
  /** Counts from 1 without gaps, in the order in which readers see the revocations. */
  readonly sequence: number;
}

/** The revocations after a position. */
export interface RevocationTablePage {
  readonly entries: readonly SequencedRevocation[];
  /** The position of the last entry; the requested position if the page is empty. */
  readonly end: FeedPosition;
  /** The last assigned number. Its revocation may have been deleted. */
  readonly lastSequence: number;
  /** Committed revocations without a number, at most `limit`. */
  readonly unordered: readonly Revocation[];
}

/**
 * A revocation is kept for this long after the token expires, because verifiers tolerate a difference of clocks and the
 * clocks of replicas differ.
 */
const MARGIN_SECONDS = MAX_CLOCK_TOLERANCE_SECONDS + MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS;

/**
 * The table of revocations.
 *
 * A number from a sequence becomes visible at the commit of its transaction: a reader may see 10 before 9. Therefore
 * transactions write rows without a number, and a second, short transaction numbers the committed rows. It locks the
 * one row of `revocation_cursor`, so that numbers become visible in order and without gaps.
 */
@Injectable()
export class RevocationTable {
  private readonly ordering = new SingleFlight(() => this.numberCommitted());

  constructor(
    private readonly database: Database,
    private readonly signal: RevocationSignal,
    private readonly terms: CheckedRevocationsSettings,
    private readonly earliestClock: EarliestClock,
  ) {}

  /** Writes revocations without a number in the current transaction. */
  async append(revocations: readonly NewRevocation[]): Promise<Revocation[]> {
    const ids = revocations.map(() => uuidv7());
    const rows = await this.database.manager.query<{ id: string; expiresAt: number }[]>(
      `INSERT INTO revocations (id, kind, target, before, reason, permissions, version, created_at, expires_at)
       SELECT id, kind, target, to_timestamp(before), reason, permissions, version, $7::timestamptz, coalesce(
         to_timestamp(expires_at),
         to_timestamp(ceil(extract(epoch FROM greatest($7, last_issued_at))) + $9
           + greatest(lifetime, ${longestRecordedLifetime('r.kind', '$7')})))
       FROM unnest(
         $1::uuid[], $2::text[], $3::text[], $4::float8[], $5::text[], $6::float8[], $8::float8[], $10::timestamptz[],
         $11::jsonb[], $12::integer[])
         AS r (id, kind, target, before, reason, expires_at, lifetime, last_issued_at, permissions, version)
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
        revocations.map(({ permissions }) => (permissions ? JSON.stringify(permissions) : null)),
        revocations.map(({ version }) => version ?? null),
      ],
    );
    await this.expireFormerPermissions(revocations);
    const expiries = new Map(rows.map(({ id, expiresAt }) => [id, expiresAt]));
    return revocations.map((revocation, index) => ({ ...revocation, expiresAt: expiries.get(ids[index]!)! }));
  }

  /**
   * Only the last permissions of a role count. Former ones expire no later than the last ones: a reader that starts
   * after the end of a role must not find the permissions from before the end.
   */
  private async expireFormerPermissions(revocations: readonly NewRevocation[]): Promise<void> {
    for (const { kind, target, version } of revocations) {
      if (kind !== 'role-permissions') continue;
      await this.database.manager.query(
        `UPDATE revocations r SET expires_at = least(r.expires_at, last.expires_at, $3::timestamptz + interval '1 hour')
         FROM revocations last
         WHERE last.kind = 'role-permissions' AND last.target = $1 AND last.version = $2
           AND r.kind = 'role-permissions' AND r.target = $1 AND r.version < $2`,
        [target, version, this.terms.now()],
      );
    }
  }

  /** Numbers all committed revocations, and announces them to the replicas. Concurrent calls share one transaction. */
  order(): Promise<void> {
    return this.ordering.after();
  }

  /**
   * The revocations after a position, in order; `undefined` if the position no longer exists, such as after a failover
   * that lost commits. Their numbers are assigned again, and only a reader that reads all again misses none.
   *
   * @param position `START` for all stored revocations
   * @param limit the maximum number of entries
   * @throws Error of the database, also if it is a standby: a standby that lags does not know what it lacks
   */
  async since(position: FeedPosition, limit: number): Promise<RevocationTablePage | undefined> {
    // The query includes the position itself, to check that it still exists.
    const overlap = position.tag === '' ? 0 : 1;
    const rows = await this.database.withReservedConnection(() =>
      this.database.manager.query<(RevocationRow | NoRow)[]>(PAGE, [
        position.sequence - overlap,
        limit + overlap,
        limit,
      ]),
    );
    const found = rows.filter((row) => row.id !== null);
    const ordered = found.filter((row) => row.seq !== null).map(sequencedOf);
    if (overlap > 0 && !(ordered[0] && isSamePosition(position, positionOf(ordered[0])))) return undefined;
    const last = ordered.at(-1);
    return {
      entries: ordered.slice(overlap),
      end: last ? positionOf(last) : position,
      lastSequence: Number(rows[0]?.lastSequence ?? 0),
      unordered: found.filter(({ seq }) => seq === null).map(revocationOf),
    };
  }

  /** The revocations after a number, in order, by a connection of the pool: for snapshots, which may wait. */
  async after(sequence: number, limit: number): Promise<SequencedRevocation[]> {
    const rows = await this.database.manager.query<RevocationRow[]>(NUMBERED, [sequence, limit]);
    return rows.map(sequencedOf);
  }

  /**
   * Deletes revocations that cannot concern a valid token, except the last one: readers recognise the database by it.
   *
   * @param limit the maximum number of deleted rows
   * @returns the number of deleted rows
   */
  async forgetExpired(limit: number): Promise<number> {
    const [, count] = await this.database.manager.query<[unknown, number]>(
      `DELETE FROM revocations WHERE id IN (
         SELECT id FROM revocations WHERE expires_at < $1 AND seq < (SELECT max(seq) FROM revocations)
         LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [await this.earliestClock.now(), limit],
    );
    return count;
  }

  private async numberCommitted(): Promise<void> {
    const [numbered] = await this.database.batch<{ seq: string }>(NUMBER_COMMITTED);
    if (numbered) await this.signal.announce(Number(numbered.seq));
  }
}

const COLUMNS = `id, seq, kind, target, extract(epoch FROM before)::float8 AS before, reason,
  permissions, version, extract(epoch FROM created_at)::float8 AS "createdAt",
  extract(epoch FROM expires_at)::float8 AS "expiresAt"`;

/** A further condition could prevent the use of the index. */
const NUMBERED = `SELECT ${COLUMNS} FROM revocations WHERE seq > $1 AND ${ON_PRIMARY} ORDER BY seq LIMIT $2`;

/** A single statement, so that the rows and the last assigned number are of the same time. */
const PAGE = `SELECT * FROM (SELECT (SELECT seq FROM revocation_cursor) AS "lastSequence") c LEFT JOIN (
    (${NUMBERED})
    UNION ALL (SELECT ${COLUMNS} FROM revocations WHERE seq IS NULL LIMIT $3)
  ) r ON true`;

/** A single round trip, because other replicas receive a revocation only after it. */
const NUMBER_COMMITTED = [
  // A separate statement: the next one must see all rows that were committed before the lock was acquired.
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

interface RevocationRow {
  readonly id: string;
  // pg returns a bigint as a string.
  readonly seq: string | null;
  readonly lastSequence?: string | null;
  readonly kind: Revocation['kind'];
  readonly target: string;
  readonly before: number | null;
  readonly reason: string;
  readonly permissions: readonly string[] | null;
  readonly version: number | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** The only row of a page without revocations. */
interface NoRow extends Pick<RevocationRow, 'lastSequence'> {
  readonly id: null;
}

function revocationOf({ kind, target, before, reason, permissions, version, expiresAt }: RevocationRow): Revocation {
  return {
    kind,
    target,
    reason,
    expiresAt,
    ...(before !== null && { before }),
    ...(permissions !== null && { permissions }),
    ...(version !== null && { version }),
  };
}

function sequencedOf(row: RevocationRow): SequencedRevocation {
  return { ...revocationOf(row), id: row.id, sequence: Number(row.seq), createdAt: row.createdAt };
}
