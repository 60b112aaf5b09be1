import { Injectable } from '@nestjs/common';
import { ForeignPasswords } from 'postern/password/foreign-hashes';
import { Database } from 'postern/persistence';
import { UserDtos } from 'postern/users';
import type { UserBase } from 'postern/users';
import { QueryFailedError } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import type { PreparedUser } from './prepared-user.js';
import type { UnreadableEntry } from './source-user.js';

/** The result of a batch. */
export interface BatchOutcome<U extends UserBase> {
  readonly imported: readonly PreparedUser<U>[];
  readonly existing: number;
  readonly rejected: readonly UnreadableEntry[];
}

/** A value of the row caused it: a violated constraint, or a value that the column cannot hold. */
const CAUSED_BY_VALUE = /^(?:22|23|54000|P0001)/;

/** Rolls back a dry run. */
class DryRun<U extends UserBase> extends Error {
  constructor(readonly outcome: BatchOutcome<U>) {
    super('dry run');
  }
}

/** Stores batches of users with their passwords and roles, each in one transaction. */
@Injectable()
export class UserBatches<U extends UserBase = UserBase> {
  constructor(
    private readonly database: Database,
    private readonly schemas: UserDtos<U>,
    private readonly passwords: ForeignPasswords,
  ) {}

  /** Stores the users who do not exist. If one row fails, each user gets a transaction, so that the others succeed. */
  async store(batch: readonly PreparedUser<U>[], isDryRun: boolean): Promise<BatchOutcome<U>> {
    try {
      return await this.inTransaction(batch, isDryRun);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason === undefined) throw error;
      if (batch.length === 1) return { imported: [], existing: 0, rejected: [{ line: batch[0]!.line, reason }] };
      const outcomes: BatchOutcome<U>[] = [];
      for (const user of batch) outcomes.push(await this.store([user], isDryRun));
      return {
        imported: outcomes.flatMap(({ imported }) => imported),
        existing: outcomes.reduce((sum, { existing }) => sum + existing, 0),
        rejected: outcomes.flatMap(({ rejected }) => rejected),
      };
    }
  }

  private async inTransaction(batch: readonly PreparedUser<U>[], isDryRun: boolean): Promise<BatchOutcome<U>> {
    try {
      return await this.database.transaction(async () => {
        const outcome = await this.insert(batch);
        if (isDryRun) throw new DryRun(outcome);
        return outcome;
      });
    } catch (error) {
      if (error instanceof DryRun) return error.outcome as BatchOutcome<U>;
      throw error;
    }
  }

  private async insert(batch: readonly PreparedUser<U>[]): Promise<BatchOutcome<U>> {
    // The first of two entries with one id wins; the second is compared with it below.
    const first = new Map<string, PreparedUser<U>>();
    for (const entry of batch) if (!first.has(entry.user.id)) first.set(entry.user.id, entry);
    const { manager } = this.database;
    const insertion = manager
      .createQueryBuilder()
      .insert()
      .into(this.schemas.entity)
      .values([...first.values()].map(({ user }) => user) as unknown as QueryDeepPartialEntity<U>[])
      .orIgnore()
      .returning('id')
      .updateEntity(false);
    const { raw } = (await insertion.execute()) as { raw: { id: string }[] };
    const ids = new Set(raw.map(({ id }) => id));
    const isNew = (entry: PreparedUser<U>): boolean => ids.has(entry.user.id) && first.get(entry.user.id) === entry;
    const imported = batch.filter(isNew);
    await this.passwords.store(
      imported.flatMap(({ user, stored }) => (stored === undefined ? [] : [{ userId: user.id, stored }])),
    );
    const roles = imported.flatMap(({ user, roles: names }) => names.map((role) => ({ id: user.id, role })));
    if (roles.length > 0) {
      await manager.query(
        'INSERT INTO user_roles (user_id, role) SELECT * FROM unnest($1::uuid[], $2::text[]) ON CONFLICT DO NOTHING',
        [roles.map(({ id }) => id), roles.map(({ role }) => role)],
      );
    }
    return { imported, ...(await this.compare(batch.filter((entry) => !isNew(entry)))) };
  }

  /** Distinguishes users of an earlier import from conflicts. */
  private async compare(others: readonly PreparedUser<U>[]): Promise<Pick<BatchOutcome<U>, 'existing' | 'rejected'>> {
    if (others.length === 0) return { existing: 0, rejected: [] };
    const rows = await this.database.manager.query<{ id: string; email: string }[]>(
      'SELECT id, email FROM users WHERE id = ANY ($1) OR email = ANY ($2)',
      [others.map(({ user }) => user.id), others.map(({ user }) => user.email)],
    );
    const emailOf = new Map(rows.map(({ id, email }) => [id, email]));
    const idOf = new Map(rows.map(({ id, email }) => [email, id]));
    const reasons = others.map(({ line, hasSourceId, user: { id, email } }) => {
      const existing = idOf.get(email);
      if (existing !== undefined && (existing === id || !hasSourceId)) return undefined;
      if (emailOf.has(id)) return { line, reason: 'a user with this id was imported with another e-mail address' };
      if (existing !== undefined) return { line, reason: 'the e-mail address belongs to another user' };
      return { line, reason: 'a value that must be unique belongs to another user' };
    });
    const rejected = reasons.filter((reason) => reason !== undefined);
    return { existing: reasons.length - rejected.length, rejected };
  }
}

/** The reason, if a value of the row caused the error. The text of the database may have values of the row. */
function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof QueryFailedError)) return undefined;
  const {
    code = '',
    column,
    constraint,
  } = error.driverError as { code?: string; column?: string; constraint?: string };
  if (!CAUSED_BY_VALUE.test(code)) return undefined;
  if (code === '23502') return `the column "${column}" needs a value: map it by toUser, or give it a default`;
  return constraint === undefined
    ? 'a column cannot hold the value'
    : `a value violates the constraint "${constraint}" of the table of users`;
}
