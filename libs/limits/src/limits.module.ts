import { Module } from '@nestjs/common';
import type { DynamicModule, Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Database } from 'postern/persistence';
import { missingSettings } from 'postern/problem';
import { CheckedLimitsSettings } from './checked-limits-settings.js';
import { ConfigurableLimitsModule, LIMITS_SETTINGS } from './limits.module-definition.js';
import type { ASYNC_OPTIONS_TYPE, LimitsSettings, LimitsStructure, OPTIONS_TYPE } from './limits.module-definition.js';
import { Limits } from './limits.service.js';
import { RateLimitCheck } from './rate-limit/rate-limit.check.js';
import { LimitCleanup } from './stores/limit-cleanup.js';
import { LimitStore } from './stores/limit-store.js';
import { PostgresLimitStore } from './stores/postgres-limit-store.js';
import { RedisLimitStore } from './stores/redis-limit-store.js';

/**
 * Limits for failed attempts and for requests, counted for all replicas together. Needs `PersistenceModule`. The
 * application imports it once.
 * @example
 * ```ts
 * LimitsModule.forRoot({ account: { points: 50, seconds: 3600 } })
 * ```
 */
@Module({ providers: [missingSettings('LimitsModule', LIMITS_SETTINGS)] })
export class LimitsModule extends ConfigurableLimitsModule {
  /** Takes settings and structure in one object. */
  static override forRoot(options: typeof OPTIONS_TYPE = {}): DynamicModule {
    return withStructure(super.forRoot(options), options);
  }

  /** Takes the settings from a factory or a class, and the structure synchronously. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRootAsync(options), options);
  }
}

function withStructure(module: DynamicModule, structure: LimitsStructure): DynamicModule {
  return {
    ...module,
    imports: [...(module.imports ?? []), ...(structure.imports ?? []), DiscoveryModule],
    providers: [
      ...(module.providers ?? []),
      {
        provide: CheckedLimitsSettings,
        inject: [LIMITS_SETTINGS],
        useFactory: (settings: LimitsSettings) => new CheckedLimitsSettings(settings),
      },
      storeOf(structure),
      Limits,
      LimitCleanup,
      RateLimitCheck,
    ],
    exports: [...(module.exports ?? []), CheckedLimitsSettings, Limits, LimitStore],
  };
}

function storeOf({ store }: LimitsStructure): Provider {
  if (store) return { provide: LimitStore, useClass: store };
  return {
    provide: LimitStore,
    inject: [CheckedLimitsSettings, Database],
    useFactory: ({ redisUrl }: CheckedLimitsSettings, database: Database) =>
      redisUrl ? new RedisLimitStore(redisUrl) : new PostgresLimitStore(database),
  };
}
