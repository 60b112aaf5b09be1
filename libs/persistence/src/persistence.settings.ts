/** Settings of `PersistenceModule`. */
export interface PersistenceSettings {
  /** `postgres://user:password@host:5432/database`, or `postgres://user@/database?host=/folder/of/the/socket`. */
  databaseUrl: string;
  /** Whether migrations run at start (default `true`). With `false`, a start on an older schema fails. */
  migrate?: boolean | undefined;
  /**
   * The maximum of all connections of this process (default 14, at least 6): 2 are reserved for reads of keys and
   * revocations, 2 listen for changes, and requests share the others.
   */
  poolSize?: number | undefined;
  /** The name in `pg_stat_activity` (default `postern`). */
  applicationName?: string | undefined;
}
