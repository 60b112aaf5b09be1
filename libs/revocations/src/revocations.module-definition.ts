import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { setting, settings } from 'postern/problem';
import type { RevocationSignal } from './signals/revocation-signal.js';

/** The settings of `RevocationsModule`. Plain data, checked at boot; every setting has a default. */
export interface RevocationsSettings {
  /**
   * The longest lifetime of an access token of this issuer, in seconds. A revocation is kept that long: a lower value
   * keeps the set of revocations small. Minimum: `maximumLifetimeSeconds` of `TokensModule`. Default: the larger of
   * that and 86,400. Revocations of sessions are kept for `sessionTokenLifetimeSeconds` of `TokensModule`.
   */
  longestTokenLifetimeSeconds?: number | undefined;
  /** The interval, in seconds, at which a replica polls the database for revocations (default 0.5; 0.05 to 10). */
  pollSeconds?: number | undefined;
  /** The maximum number of followers of one replica that share one token (default 100; 1 to 1,000). */
  followersPerToken?: number | undefined;
  /**
   * `redis://…`: replicas announce revocations by Redis instead of PostgreSQL. PostgreSQL still stores them. For
   * several hosts `redis+sentinel://host:26379,host2:26379/master` or `redis+cluster://host:6379,host2:6379`.
   */
  redisUrl?: string | undefined;
}

/** The classes of `RevocationsModule`. Read synchronously, also by `forRootAsync`. */
export interface RevocationsStructure {
  /** The controller of the feed (default: `RevocationFeedController`). `false`: no route. */
  controller?: Type | false | undefined;
  /** How replicas announce revocations to each other (default: PostgreSQL's NOTIFY, or Redis if `redisUrl` is set). */
  signal?: Type<RevocationSignal> | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

const DAY_SECONDS = 86_400;

export const SETTINGS = settings<RevocationsSettings, RevocationsStructure>()(
  'RevocationsModule',
  {
    longestTokenLifetimeSeconds: setting.number(DAY_SECONDS, { min: 1, max: 366 * DAY_SECONDS }),
    pollSeconds: setting.number(0.5, { min: 0.05, max: 10 }),
    followersPerToken: setting.wholeNumber(100, { min: 1, max: 1000 }),
    redisUrl: setting.unchecked(),
  },
  { controller: true, signal: true, imports: true },
);

export const {
  ConfigurableModuleClass: ConfigurableRevocationsModule,
  MODULE_OPTIONS_TOKEN: REVOCATIONS_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<RevocationsSettings>({ moduleName: 'Revocations' })
  .setClassMethodName('forRoot')
  .setExtras<RevocationsStructure>(SETTINGS.noStructure, (definition) => ({ ...definition, global: true }))
  .build();
