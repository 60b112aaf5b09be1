import { Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { Database } from 'postern/persistence';

/** An invitation as stored. Its token is a one-time token of the same address. */
export interface Invitation {
  /** UUID v7. */
  readonly id: string;
  /** The normalised address. */
  readonly email: string;
  readonly roles: readonly string[];
  /** The id of the user who invited. */
  readonly invitedBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

const COLUMNS = `id, email, roles, invited_by AS "invitedBy", created_at AS "createdAt", expires_at AS "expiresAt"`;

/** The rows of the invitations. */
@Injectable()
export class InvitationTable {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** The current time. */
  now(): Date {
    return new Date(this.clock.now());
  }

  /** Whether a user has this address. */
  async isTaken(email: string): Promise<boolean> {
    const [row] = await this.database.manager.query<object[]>('SELECT FROM users WHERE email = $1', [email]);
    return row !== undefined;
  }

  /** Stores the invitation, and replaces the older one of the address. */
  async save({ id, email, roles, invitedBy, createdAt, expiresAt }: Invitation): Promise<void> {
    await this.database.manager.query(
      `INSERT INTO invitations (id, email, roles, invited_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (email) DO UPDATE SET id = excluded.id, roles = excluded.roles, invited_by = excluded.invited_by,
         created_at = excluded.created_at, expires_at = excluded.expires_at`,
      [id, email, JSON.stringify(roles), invitedBy, createdAt, expiresAt],
    );
  }

  /** Returns the invitation with this id unless it has expired. */
  async find(id: string): Promise<Invitation | undefined> {
    const [row] = await this.database.manager.query<Invitation[]>(
      `SELECT ${COLUMNS} FROM invitations WHERE id = $1 AND expires_at > $2`,
      [id, this.now()],
    );
    return row;
  }

  /** Returns invitations that have not expired, the oldest first. */
  async page(limit: number, after: string | undefined): Promise<Invitation[]> {
    return this.database.manager.query<Invitation[]>(
      `SELECT ${COLUMNS} FROM invitations WHERE expires_at > $1 AND ($2::uuid IS NULL OR id > $2)
       ORDER BY id LIMIT $3`,
      [this.now(), after ?? null, limit],
    );
  }

  /** Deletes the invitation. Returns whether it existed. */
  async delete(id: string): Promise<boolean> {
    const [, count] = await this.database.manager.query<[unknown, number]>('DELETE FROM invitations WHERE id = $1', [
      id,
    ]);
    return count === 1;
  }

  /** Deletes expired invitations. Returns their number. */
  async deleteExpired(limit: number): Promise<number> {
    const [, count] = await this.database.manager.query<[unknown, number]>(
      `DELETE FROM invitations WHERE id IN (
         SELECT id FROM invitations WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [this.now(), limit],
    );
    return count;
  }
}
