import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from 'postern/auth';
import { Database } from 'postern/persistence';
import { OneTimeTokenInvalidError } from '../accounts.errors.js';

const TOKEN_BYTES = 32;
/** Base64url of 32 bytes. The last character has four bits, so only 16 characters are possible there. */
const TOKEN = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const COLUMNS = `purpose, user_id AS "userId", email, payload, issued_at AS "issuedAt", expires_at AS "expiresAt"`;

/** The binding of a token: its purpose, user, and address. */
export interface OneTimeTokenBinding {
  /** Kebab-case. A token of one purpose is not valid for another. */
  readonly purpose: string;
  /** The id of the user (UUID); null for a person without an account. */
  readonly userId: string | null;
  /** The normalised address to which the token is sent. */
  readonly email: string;
  readonly lifetimeSeconds: number;
  /** Data that the flow needs when the token is spent; JSON, without secrets. */
  readonly payload?: object | null | undefined;
  /**
   * The holder, who has one token for a purpose (default: the user, or the address if there is no user). A newer token
   * replaces the older one of the same holder.
   */
  readonly holder?: string | undefined;
}

/** A stored token. */
export interface OneTimeToken {
  readonly purpose: string;
  readonly userId: string | null;
  readonly email: string;
  readonly payload: unknown;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** A token that the current transaction has spent. */
export interface SpentOneTimeToken extends OneTimeToken {
  readonly spentAt: Date;
}

/** The bounds of a revocation. */
export interface RevocationBounds {
  /** Only tokens that were issued at or after this instant. */
  readonly issuedSince?: Date | undefined;
  /** Only tokens for other addresses than this one. */
  readonly exceptOfAddress?: string | undefined;
}

/**
 * One-time tokens for links in mails. A token has 256 random bits, and the database has only its SHA-256. Every method
 * joins the current transaction.
 */
@Injectable()
export class OneTimeTokens {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /**
   * Issues a token, which replaces the older token of the same purpose and holder.
   *
   * @returns the token (43 characters, base64url), which only the mail may contain
   */
  async issue({ purpose, userId, email, lifetimeSeconds, payload, holder }: OneTimeTokenBinding): Promise<string> {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const now = this.clock.now();
    await this.database.manager.query(
      `INSERT INTO one_time_tokens (hash, purpose, holder, user_id, email, payload, issued_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
       ON CONFLICT (purpose, holder) DO UPDATE SET hash = excluded.hash, user_id = excluded.user_id,
         email = excluded.email, payload = excluded.payload, issued_at = excluded.issued_at,
         expires_at = excluded.expires_at`,
      [
        hashOf(token),
        purpose,
        holder ?? userId ?? email,
        userId,
        email,
        payload ? JSON.stringify(payload) : null,
        new Date(now),
        new Date(now + lifetimeSeconds * 1000),
      ],
    );
    return token;
  }

  /**
   * Spends a token. If several servers spend it concurrently, one succeeds. If the current transaction is rolled back,
   * the token is valid again. The row of its user stays locked until the end of the transaction.
   *
   * @throws OneTimeTokenInvalidError, the same for each reason
   */
  async spend(token: string, purpose: string): Promise<SpentOneTimeToken> {
    if (!isToken(token)) throw new OneTimeTokenInvalidError();
    const spentAt = new Date(this.clock.now());
    // The user is locked before the token, as a change and a deletion of the user do. Another order could deadlock.
    const [rows] = await this.database.manager.query<[OneTimeToken[], number]>(
      `WITH holder AS MATERIALIZED (
         SELECT u.id FROM users u WHERE u.id = (SELECT user_id FROM one_time_tokens WHERE hash = $1) FOR UPDATE
       )
       DELETE FROM one_time_tokens
       WHERE hash = $1 AND purpose = $2 AND expires_at > $3
         AND (user_id IS NULL OR user_id = (SELECT id FROM holder))
       RETURNING ${COLUMNS}`,
      [hashOf(token), purpose, spentAt],
    );
    const [spent] = rows;
    if (spent === undefined) throw new OneTimeTokenInvalidError();
    return { ...spent, spentAt };
  }

  /**
   * Returns a valid token without spending it, for checks before the transaction that spends it.
   *
   * @throws OneTimeTokenInvalidError, the same for each reason
   */
  async find(token: string, purpose: string): Promise<OneTimeToken> {
    if (!isToken(token)) throw new OneTimeTokenInvalidError();
    const [row] = await this.database.manager.query<OneTimeToken[]>(
      `SELECT ${COLUMNS} FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > $3`,
      [hashOf(token), purpose, new Date(this.clock.now())],
    );
    if (row === undefined) throw new OneTimeTokenInvalidError();
    return row;
  }

  /**
   * Revokes the tokens of a holder: of the given purposes, or of all purposes except some.
   *
   * @param holder the id of a user, or the address of a person without an account
   * @returns the number of revoked tokens
   */
  async revoke(
    holder: { readonly userId: string } | { readonly email: string },
    purposes: readonly string[] | { readonly except: readonly string[] },
    { issuedSince, exceptOfAddress }: RevocationBounds = {},
  ): Promise<number> {
    const [column, value] =
      'userId' in holder ? ['user_id', holder.userId] : ['user_id IS NULL AND email', holder.email];
    const [operator, names] = 'except' in purposes ? ['<> ALL', purposes.except] : ['= ANY', purposes];
    const [, count] = await this.database.manager.query<[unknown, number]>(
      `DELETE FROM one_time_tokens WHERE ${column} = $1 AND purpose ${operator}($2)
         AND ($3::timestamptz IS NULL OR issued_at >= $3) AND ($4::text IS NULL OR email <> $4)`,
      [value, names, issuedSince ?? null, exceptOfAddress ?? null],
    );
    return count;
  }
}

function isToken(token: unknown): boolean {
  return typeof token === 'string' && TOKEN.test(token);
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
