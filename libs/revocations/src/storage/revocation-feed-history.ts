import { Injectable } from '@nestjs/common';
import type { Revocation } from 'postern/auth';
import { Database, ON_PRIMARY } from 'postern/persistence';
import { isSamePosition, positionOf } from '../feed/feed-position.js';
import type { FeedPosition } from '../feed/feed-position.js';

/** A revocation as the feed tells of it. Instants in epoch seconds. */
export interface FeedEntry extends Revocation {
  readonly id: string;
  readonly sequence: number;
  readonly createdAt: number;
}

/** The end of the order, as it is in the database. */
export interface FeedEnd {
  /** The last place that was given, whether its revocation is kept or has expired. */
  readonly sequence: number;
  /** The revocations before it, in their order; some may have expired and be missing. */
  readonly entries: readonly FeedEntry[];
}

const COLUMNS = `id, seq, kind, target, extract(epoch FROM before)::float8 AS before, reason,
  extract(epoch FROM created_at)::float8 AS "createdAt", extract(epoch FROM expires_at)::float8 AS "expiresAt"`;

/** Reads the revocations as they are kept. */
@Injectable()
export class RevocationFeedHistory {
  constructor(private readonly database: Database) {}

  /** What follows a place, in its order. Of the rows nothing but the order is asked for: any other condition may cost its index. */
  async after(sequence: number, most: number): Promise<FeedEntry[]> {
    const rows = await this.database.manager.query<Row[]>(
      `SELECT ${COLUMNS} FROM revocations WHERE seq > $1 AND ${ON_PRIMARY} ORDER BY seq LIMIT $2`,
      [sequence, most],
    );
    return rows.map(entryOf);
  }

  /** What follows a place, in its order, however busy the pool is; `undefined` where the place is not there any more. */
  async following(place: FeedPosition, most: number): Promise<FeedEntry[] | undefined> {
    const read = place.tag === '' ? 0 : 1;
    const rows = await this.database.withReservedConnection(() => this.after(place.sequence - read, most + read));
    if (read === 0) return rows;
    const [at, ...entries] = rows;
    return at && isSamePosition(place, positionOf(at)) ? entries : undefined;
  }

  /** The end of the order, however busy the pool is. */
  end(most: number): Promise<FeedEnd> {
    return this.database.withReservedConnection(() => this.readEnd(most));
  }

  private async readEnd(most: number): Promise<FeedEnd> {
    // The place first: what is numbered in between is read with the next turn.
    const [cursor] = await this.database.manager.query<{ seq: string }[]>(
      `SELECT seq FROM revocation_cursor WHERE ${ON_PRIMARY}`,
    );
    const sequence = Number(cursor?.seq ?? 0);
    const rows = await this.database.manager.query<Row[]>(
      `SELECT ${COLUMNS} FROM revocations WHERE seq <= $1 AND ${ON_PRIMARY} ORDER BY seq DESC LIMIT $2`,
      [sequence, most],
    );
    return { sequence, entries: rows.reverse().map(entryOf) };
  }
}

interface Row {
  readonly id: string;
  // pg writes a bigint as text.
  readonly seq: string;
  readonly kind: Revocation['kind'];
  readonly target: string;
  readonly before: number | null;
  readonly reason: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

function entryOf({ seq, before, ...rest }: Row): FeedEntry {
  return { sequence: Number(seq), ...rest, ...(before !== null && { before }) };
}
