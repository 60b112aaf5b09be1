/** What `PersistenceModule` is told. */
export interface PersistenceSettings {
  /** `postgres://user:password@host:5432/database`, or `postgres://user@/database?host=/folder/of/the/socket`. */
  databaseUrl: string;
  /** Whether the migrations run at start (default `true`). With `false` a start on an older schema is refused. */
  migrate?: boolean | undefined;
  /**
   * Connections that this process opens at most, all of them counted (default 14, at least 6): 2 are reserved for
   * readings of keys and revocations, 2 listen for changes of them, and requests share the others.
   */
  poolSize?: number | undefined;
  /** What PostgreSQL shows in `pg_stat_activity` (default `postern`). */
  applicationName?: string | undefined;
}
