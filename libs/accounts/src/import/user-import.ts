import { Injectable } from '@nestjs/common';
import { Database } from 'postern/persistence';
import { UserDtos } from 'postern/users';
import type { UserBase } from 'postern/users';
import { EntryError } from './source-user.js';
import type { SourceEntry, UnreadableEntry } from './source-user.js';
import { preparedUserOf } from './prepared-user.js';
import type { PreparedUser, UserMapping } from './prepared-user.js';
import { UserBatches } from './user-batches.js';

/** The users of one transaction. A larger batch is not faster. */
const BATCH_SIZE = 500;

/** The options of an import. */
export interface UserImportOptions<U extends UserBase = UserBase> {
  /** Names the other system; ids of different sources are different users. */
  readonly source: string;
  /** The values of your entity from an entry. Required if your entity has columns that need a value. */
  readonly toUser?: UserMapping<U> | undefined;
  /** Imports users without those of their roles that do not exist. By default such a user is rejected. */
  readonly ignoreRoles?: boolean | undefined;
  /** Stores nothing. Two entries that conflict are only found if they are within 500 entries. */
  readonly dryRun?: boolean | undefined;
  /** Called for each entry that was not imported. */
  readonly onRejected?: ((entry: UnreadableEntry) => void) | undefined;
  /** Called after each batch. */
  readonly onProgress?: ((summary: UserImportSummary) => void) | undefined;
}

/** The numbers of entries. */
export interface UserImportSummary {
  readonly imported: number;
  /** Users whom an earlier import created, and entries without an id whose address exists. */
  readonly existing: number;
  /** Entries that are left out on purpose. */
  readonly skipped: number;
  readonly rejected: number;
  /** Imported users without a password hash, who need a reset. */
  readonly withoutPassword: number;
}

/**
 * Imports users of other systems with their password hashes. Each hash is verified as it is and replaced at the first
 * login. A second run of the same import creates only users who are missing, so an interrupted import continues.
 * It publishes no events, and sends no mails.
 *
 * @example
 * ```ts
 * constructor(private readonly userImport: UserImport<Employee>) {}
 * await this.userImport.run(usersOf('django', () => createReadStream('users.json')), {
 *   source: 'intranet',
 *   toUser: ({ email, entry }) => ({ email, costCentre: costCentreOf(entry) }),
 * });
 * ```
 */
@Injectable()
export class UserImport<U extends UserBase = UserBase> {
  constructor(
    private readonly database: Database,
    private readonly schemas: UserDtos<U>,
    private readonly batches: UserBatches<U>,
  ) {}

  /**
   * Reads the entries and stores them in batches. An entry that cannot be imported is reported, and the rest is
   * imported.
   *
   * @throws Error if the database fails; all earlier batches are stored then
   */
  async run(entries: AsyncIterable<SourceEntry>, options: UserImportOptions<U>): Promise<UserImportSummary> {
    const summary = { imported: 0, existing: 0, skipped: 0, rejected: 0, withoutPassword: 0 };
    const report = (entry: UnreadableEntry): void => {
      summary[entry.isSkipped === true ? 'skipped' : 'rejected'] += 1;
      options.onRejected?.(entry);
    };
    const store = async (batch: readonly PreparedUser<U>[]): Promise<void> => {
      const outcome = await this.batches.store(batch, options.dryRun ?? false);
      summary.imported += outcome.imported.length;
      summary.withoutPassword += outcome.imported.filter(({ stored }) => stored === undefined).length;
      summary.existing += outcome.existing;
      outcome.rejected.forEach(report);
      options.onProgress?.({ ...summary });
    };
    const roles = await this.roleNames();
    const metadata = this.database.manager.connection.getMetadata(this.schemas.entity);
    const prepare = (entry: SourceEntry): PreparedUser<U> | undefined => {
      try {
        if (!('reason' in entry)) return preparedUserOf(entry, options, roles, metadata);
        report(entry);
      } catch (error) {
        if (!(error instanceof EntryError)) throw error;
        report({ line: entry.line, reason: error.message });
      }
      return undefined;
    };
    let batch: PreparedUser<U>[] = [];
    // Stores a batch while it reads the next one.
    let storing = Promise.resolve();
    try {
      for await (const entry of entries) {
        const prepared = prepare(entry);
        if (prepared !== undefined) batch.push(prepared);
        if (batch.length < BATCH_SIZE) continue;
        await storing;
        storing = store(batch);
        // The next await throws the error.
        storing.catch(() => undefined);
        batch = [];
      }
    } finally {
      await storing;
    }
    if (batch.length > 0) await store(batch);
    return summary;
  }

  private async roleNames(): Promise<ReadonlySet<string>> {
    const rows = await this.database.manager.query<{ name: string }[]>('SELECT name FROM roles');
    return new Set(rows.map(({ name }) => name));
  }
}
