import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import type { Principal } from 'postern/auth';
import { Database, Events, uuidv7 } from 'postern/persistence';
import type { EntityMetadata, FindOptionsWhere } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { assertCarriable } from './fields/user-claims.js';
import { normalizeEmail } from './email-address.js';
import { assertInsertable, assertUpdatable, changedFieldsOf, writableColumnsOf } from './storage/writable-columns.js';
import { UserAccess } from './access/user-access.js';
import type { UserBase } from './user-base.entity.js';
import type { RelatedColumn, UserWithRelated } from './storage/related-column.js';
import { UserQuery } from './storage/user-query.js';
import type { Row } from './storage/user-query.js';
import { UserDtos } from './fields/user-dtos.js';
import type { NewUser, UserChanges } from './fields/user-types.js';
import { UserNotFoundError } from './users.errors.js';
import { UserDeleted, UserDisabled, UserEnabled, UserUpdated } from './users.events.js';
import {
  mapConstraintError,
  mapDeferredUpdateError,
  mapDeferredDeleteError,
  mapDeleteError,
  mapWriteError,
} from './storage/constraint-errors.js';

/**
 * Reads and writes the users of this application. It joins the current transaction; events are published after commit.
 *
 * The optional `caller` of a change must have every permission that the user has. Without a caller, as in your own
 * code, every change is allowed.
 *
 * @example
 * ```ts
 * constructor(private readonly users: UsersService<Employee>) {}
 * await this.users.create({ email: 'ada@example.com', costCentre: 'CC-1042' });
 * ```
 */
@Injectable()
export class UsersService<U extends UserBase = UserBase> {
  private readonly query: UserQuery<U>;
  private readonly explain = (error: unknown): unknown => mapConstraintError(error, this.metadata);

  constructor(
    private readonly database: Database,
    private readonly schemas: UserDtos<U>,
    private readonly access: UserAccess,
    private readonly events: Events,
  ) {
    this.query = new UserQuery(schemas);
  }

  /**
   * Stores a new user under a new id and returns the stored row. If parallel calls use one address, one succeeds.
   *
   * @throws InvalidEmailError @throws EmailTakenError @throws UserConflictError
   * @throws ValidationFailedError for a value that the database rejects, and if the claims are too large for a token.
   *   After any of these errors the surrounding transaction can only be rolled back.
   * @throws TypeError for related rows without a column in the user's table (use their own repository), and for a value
   *   whose column TypeORM does not insert
   */
  async create(fields: NewUser<U>): Promise<U> {
    assertInsertable(fields, this.metadata);
    const user = new this.schemas.entity();
    Object.assign(user, writableColumnsOf(fields, this.metadata), {
      id: uuidv7(),
      email: normalizeEmail(fields.email),
    });
    assertCarriable(user, Object.keys(fields));
    const { manager } = this.database;
    const insertion = manager
      .createQueryBuilder()
      .insert()
      .into(this.schemas.entity)
      .values(user as unknown as QueryDeepPartialEntity<U>)
      // Defaults, types and transformers change values, so the stored row is returned. This needs no second query.
      .returning('*')
      .updateEntity(false);
    const { raw } = await this.write(() => insertion.execute());
    return this.query.read(manager, (raw as readonly Row[])[0]!);
  }

  /** Returns the user with this id; null if there is none, or if the id is not a UUID. */
  async findById(id: string): Promise<U | null> {
    if (!isUUID(id)) return null;
    return this.query.find(this.database.manager, 'id', id);
  }

  /** Returns the user with this address in any spelling, or null. @throws InvalidEmailError */
  async findByEmail(email: string): Promise<U | null> {
    return this.query.find(this.database.manager, 'email', normalizeEmail(email));
  }

  /**
   * Returns the user together with a value of another table, such as a credential, by one query. It costs the same
   * whether or not the user exists.
   *
   * @param related create it once and reuse it, because each has its own prepared SQL
   * @throws InvalidEmailError
   */
  async findByEmailWith(email: string, related: RelatedColumn): Promise<UserWithRelated<U> | null> {
    return this.query.findWith(this.database.manager, 'email', normalizeEmail(email), related);
  }

  /**
   * Changes only the given fields, so that concurrent changes do not overwrite each other. A new address is unverified
   * unless `emailVerifiedAt` is given too. Publishes {@link UserUpdated} if a field has changed.
   *
   * @throws UserNotFoundError @throws UserHasMoreRightsError @throws InvalidEmailError @throws EmailTakenError
   * @throws UserConflictError
   * @throws ValidationFailedError for a value that the database rejects, and if the claims are too large for a token
   * @throws TypeError for related rows without a column in the user's table (use their own repository), for a changed
   *   value of a column that TypeORM does not update, and for null instead of an embedded class
   */
  async update(id: string, changes: UserChanges<U>, caller?: Principal): Promise<U> {
    return this.withLocked(id, caller, async (user) => {
      assertUpdatable(changes, user, this.metadata);
      const values = writableColumnsOf(changes, this.metadata);
      if (changes.email !== undefined) values.email = normalizeEmail(changes.email);
      if (values.email !== undefined && values.email !== user.email) values.emailVerifiedAt ??= null;
      const changed = changedFieldsOf(values, user, this.metadata);
      if (changed.length === 0) return user;
      this.database.mapCommitError((error) => mapDeferredUpdateError(error, user, this.metadata));
      assertCarriable(Object.assign(new this.schemas.entity(), user, values), changed);
      await this.set(user.id, Object.fromEntries(changed.map((property) => [property, values[property]])));
      this.events.publish(new UserUpdated(user.id, changed));
      return (await this.findById(id))!;
    });
  }

  /**
   * Disables the user: the user cannot sign in, all sessions end, and all earlier tokens are revoked, in one
   * transaction. A user who is already disabled stays unchanged.
   *
   * @throws UserNotFoundError @throws UserHasMoreRightsError
   */
  async disable(id: string, caller?: Principal): Promise<U> {
    return this.withLocked(id, caller, async (user) => {
      if (user.disabledAt) return user;
      await this.set(user.id, { disabledAt: await this.access.end(user.id, 'account-disabled') });
      this.events.publish(new UserDisabled(user.id));
      return (await this.findById(id))!;
    });
  }

  /**
   * Allows the user to sign in again. `iat` has whole seconds, and tokens of the second of the disabling stay revoked.
   * This method resolves after that second is over (at most one second later), so that every later token is valid.
   *
   * @throws UserNotFoundError @throws UserHasMoreRightsError
   */
  async enable(id: string, caller?: Principal): Promise<U> {
    const { user, disabledAt } = await this.withLocked(id, caller, async (found) => {
      if (!found.disabledAt) return { user: found, disabledAt: null };
      await this.set(found.id, { disabledAt: null });
      this.events.publish(new UserEnabled(found.id));
      return { user: (await this.findById(id))!, disabledAt: found.disabledAt };
    });
    if (disabledAt) await this.access.untilRegained(disabledAt);
    return user;
  }

  /**
   * Deletes the user and all rows that belong to it, and revokes all earlier tokens, in one transaction.
   *
   * @throws UserNotFoundError @throws UserHasMoreRightsError
   * @throws UserInUseError if your table refers to the user by a foreign key without `ON DELETE CASCADE` or `SET NULL`
   */
  async remove(id: string, caller?: Principal): Promise<void> {
    await this.withLocked(id, caller, async (user) => {
      this.database.mapCommitError((error) => mapDeferredDeleteError(error, user, this.metadata));
      // Before the delete cascades to the sessions: revoking each session by id does not depend on clocks.
      await this.access.end(user.id, 'account-deleted');
      await this.database.manager.delete(this.schemas.entity, { id: user.id }).catch((error: unknown) => {
        throw mapDeleteError(error);
      });
      this.events.publish(new UserDeleted(user.id));
    });
  }

  private get metadata(): EntityMetadata {
    return this.database.manager.connection.getMetadata(this.schemas.entity);
  }

  /** Use `user.id` inside `work`: the argument `id` may be another spelling of the UUID, which is not a `sub`. */
  private async withLocked<T>(id: string, caller: Principal | undefined, work: (user: U) => Promise<T>): Promise<T> {
    if (!isUUID(id)) throw new UserNotFoundError();
    return this.database.transaction(async () => {
      const user = await this.database.manager.findOne(this.schemas.entity, {
        where: { id } as FindOptionsWhere<U>,
        // Only the user's row: PostgreSQL cannot lock the nullable side of an outer join (an eager relation).
        lock: { mode: 'pessimistic_write', tables: [this.metadata.tableName] },
      });
      if (!user) throw new UserNotFoundError();
      await this.access.assertMayAdminister(user.id, caller);
      return work(user);
    });
  }

  private async set(id: string, values: Record<string, unknown>): Promise<void> {
    const where = { id } as FindOptionsWhere<U>;
    await this.write(() =>
      this.database.manager.update(this.schemas.entity, where, values as QueryDeepPartialEntity<U>),
    );
  }

  private async write<T>(statement: () => Promise<T>): Promise<T> {
    // A surrounding transaction may rely on deferred constraints, so they are not checked before the commit.
    this.database.mapCommitError(this.explain);
    try {
      return await statement();
    } catch (error) {
      throw mapWriteError(error, this.metadata);
    }
  }
}
