import { Injectable } from '@nestjs/common';
import { isUUID } from 'class-validator';
import { Database, Events, uuidv7 } from 'postern/persistence';
import type { EntityMetadata, FindOptionsWhere } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { assertCarriable } from './fields/user-claims.js';
import { normalizeEmail } from './email-address.js';
import { assertInsertable, assertUpdatable, changedFieldsOf, writableColumnsOf } from './storage/writable-columns.js';
import { UserAccess } from './user-access.js';
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
 * The users of this application, as the team's own class. Joins the ambient transaction; events go out after commit.
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
   * Stores a new user under a new id and gives back what is stored; of any number of parallel calls with one address exactly one succeeds.
   *
   * @throws InvalidEmailError @throws EmailTakenError @throws UserConflictError @throws ValidationFailedError
   *   for a value that the database refuses, and for claimed ones that no token could carry. After any of these the surrounding transaction can only be rolled back.
   * @throws TypeError for related rows that have no column in the user's own: theirs is a repository of their own; and for a
   *   value whose column is not written at creation
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
      // Defaults, types and transformers change what was given: the answer is the row, and costs no further query.
      .returning('*')
      .updateEntity(false);
    const { raw } = await this.write(() => insertion.execute());
    return this.query.read(manager, (raw as readonly Row[])[0]!);
  }

  /** The user with this id; null where there is none, and for a text that is no UUID. */
  async findById(id: string): Promise<U | null> {
    if (!isUUID(id)) return null;
    return this.query.find(this.database.manager, 'id', id);
  }

  /** The user with this address, in whatever spelling; null where there is none. @throws InvalidEmailError */
  async findByEmail(email: string): Promise<U | null> {
    return this.query.find(this.database.manager, 'email', normalizeEmail(email));
  }

  /**
   * The same user together with what another table says of them, for one query: as a credential that is to be proven. It costs
   * the same whether or not there is such a user.
   * @param related made once and used again, for it has a statement of its own
   * @throws InvalidEmailError
   */
  async findByEmailWith(email: string, related: RelatedColumn): Promise<UserWithRelated<U> | null> {
    return this.query.findWith(this.database.manager, 'email', normalizeEmail(email), related);
  }

  /**
   * Changes the given fields and no other, so that two changes at once do not undo each other. A new address counts as
   * unproved unless `emailVerifiedAt` comes with it. Publishes {@link UserUpdated} when something has changed.
   *
   * @throws UserNotFoundError @throws InvalidEmailError @throws EmailTakenError @throws UserConflictError
   * @throws ValidationFailedError for a value that the database refuses, and for claimed ones that no token could carry
   * @throws TypeError for related rows that have no column in the user's own: theirs is a repository of their own; for
   *   another value of a column that is not written later; and for null in the place of an embedded class
   */
  async update(id: string, changes: UserChanges<U>): Promise<U> {
    return this.withLocked(id, async (user) => {
      assertUpdatable(changes, user, this.metadata);
      const given = writableColumnsOf(changes, this.metadata);
      if (changes.email !== undefined) given.email = normalizeEmail(changes.email);
      if (given.email !== undefined && given.email !== user.email) given.emailVerifiedAt ??= null;
      const changed = changedFieldsOf(given, user, this.metadata);
      if (changed.length === 0) return user;
      this.database.mapCommitError((error) => mapDeferredUpdateError(error, user, this.metadata));
      assertCarriable(Object.assign(new this.schemas.entity(), user, given), changed);
      await this.set(user.id, Object.fromEntries(changed.map((property) => [property, given[property]])));
      this.events.publish(new UserUpdated(user.id, changed));
      return (await this.findById(id))!;
    });
  }

  /**
   * From now on the user cannot sign in; every session is ended and no token issued so far counts any more, in the same
   * transaction. Nothing happens to a user who is disabled already.
   *
   * @throws UserNotFoundError
   */
  async disable(id: string): Promise<U> {
    return this.withLocked(id, async (user) => {
      if (user.disabledAt) return user;
      await this.set(user.id, { disabledAt: await this.access.end(user.id, 'account-disabled') });
      this.events.publish(new UserDisabled(user.id));
      return (await this.findById(id))!;
    });
  }

  /**
   * Lets the user sign in again. Tokens carry whole seconds, and those of the second of the disabling stay refused:
   * where that second is not over yet, this resolves when it is (at most one second later), so that whoever signs in
   * after the answer holds a token that counts.
   *
   * @throws UserNotFoundError
   */
  async enable(id: string): Promise<U> {
    const { user, disabledAt } = await this.withLocked(id, async (found) => {
      if (!found.disabledAt) return { user: found, disabledAt: null };
      await this.set(found.id, { disabledAt: null });
      this.events.publish(new UserEnabled(found.id));
      return { user: (await this.findById(id))!, disabledAt: found.disabledAt };
    });
    if (disabledAt) await this.access.untilRegained(disabledAt);
    return user;
  }

  /**
   * Deletes the user and everything that belongs to it, and no token issued so far counts any more, in the same
   * transaction.
   *
   * @throws UserNotFoundError @throws UserInUseError where a table of yours refers to the user by a foreign key that does
   *   not delete along with it
   */
  async remove(id: string): Promise<void> {
    await this.withLocked(id, async (user) => {
      this.database.mapCommitError((error) => mapDeferredDeleteError(error, user, this.metadata));
      // Before the row takes the sessions with it: each has to be named, for what goes by instants alone goes by somebody's clock.
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

  /** The work goes by the id of the user that it is given: another spelling of it finds the same row, and is no subject of a token. */
  private async withLocked<T>(id: string, work: (user: U) => Promise<T>): Promise<T> {
    if (!isUUID(id)) throw new UserNotFoundError();
    return this.database.transaction(async () => {
      const user = await this.database.manager.findOne(this.schemas.entity, {
        where: { id } as FindOptionsWhere<U>,
        // The row of the user alone: PostgreSQL cannot lock what an eager relation joins from outside.
        lock: { mode: 'pessimistic_write', tables: [this.metadata.tableName] },
      });
      if (!user) throw new UserNotFoundError();
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
    // A surrounding transaction of the team may count on what is deferred, so that nothing is checked before its time.
    this.database.mapCommitError(this.explain);
    try {
      return await statement();
    } catch (error) {
      throw mapWriteError(error, this.metadata);
    }
  }
}
