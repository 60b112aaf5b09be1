import { Injectable } from '@nestjs/common';
import type { Revocation } from 'postern/auth';
import { Database, ON_PRIMARY } from 'postern/persistence';
import { isSamePosition, positionOf } from '../feed/feed-position.js';
import type { FeedPosition } from '../feed/feed-position.js';

/** A revocation in the feed. Instants in epoch seconds. */
export interface FeedEntry extends Revocation {
  readonly id: string;
  readonly sequence: number;
  readonly createdAt: number;
}

/** The latest revocations of the database. */
export interface FeedEnd {
  /** The last assigned number. Its revocation may have been deleted. */
  readonly sequence: number;
  /** The revocations up to that number, in order. Expired ones may be missing. */
  readonly entries: readonly FeedEntry[];
}

const COLUMNS = `id, seq, kind, target, extract(epoch FROM before)::float8 AS before, reason,
  extract(epoch FROM created_at)::float8 AS "createdAt", extract(epoch FROM expires_at)::float8 AS "expiresAt"`;

/** Reads revocations for the feed. */
@Injectable()
export class RevocationFeedHistory {
  constructor(private readonly database: Database) {}

  /** The revocations after a number, in order. A further condition could prevent the use of the index. */
  async after(sequence: number, limit: number): Promise<FeedEntry[]> {
    const rows = await this.database.manager.query<Row[]>(
      `SELECT ${COLUMNS} FROM revocations WHERE seq > $1 AND ${ON_PRIMARY} ORDER BY seq LIMIT $2`,
      [sequence, limit],
    );
    return rows.map(entryOf);
  }

  /** The revocations after a position, by the reserved connection; `undefined` if the position no longer exists. */
  async following(position: FeedPosition, limit: number): Promise<FeedEntry[] | undefined> {
    const overlap = position.tag === '' ? 0 : 1;
    const rows = await this.database.withReservedConnection(() =>
      this.after(position.sequence - overlap, limit + overlap),
    );
    if (overlap === 0) return rows;
    const [at, ...entries] = rows;
    return at && isSamePosition(position, positionOf(at)) ? entries : undefined;
  }

  /** The latest revocations, read by the reserved connection. */
  end(limit: number): Promise<FeedEnd> {
    return this.database.withReservedConnection(() => this.readEnd(limit));
  }

  private async readEnd(limit: number): Promise<FeedEnd> {
    // Read the number first: revocations that are numbered in between belong to the next read.
    const [cursor] = await this.database.manager.query<{ seq: string }[]>(
      `SELECT seq FROM revocation_cursor WHERE ${ON_PRIMARY}`,
    );
    const sequence = Number(cursor?.seq ?? 0);
    const rows = await this.database.manager.query<Row[]>(
      `SELECT ${COLUMNS} FROM revocations WHERE seq <= $1 AND ${ON_PRIMARY} ORDER BY seq DESC LIMIT $2`,
      [sequence, limit],
    );
    return { sequence, entries: rows.reverse().map(entryOf) };
  }
}

interface Row {
  readonly id: string;
  // pg returns a bigint as a string.
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
