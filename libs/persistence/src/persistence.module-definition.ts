import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { TypeOrmModule } from '@nestjs/typeorm';
import { assertKnownSettings } from 'postern/problem';
import type { SettingNames } from 'postern/problem';
import { dataSourceOptionsOf, DEFAULT_POOL_SIZE, MIN_POOL_SIZE } from './connections/data-source-options.js';
import { DatabaseHealth } from './connections/database-health.js';
import { Database } from './transactions/database.js';
import { Events } from './events.js';
import { migrations } from './migrations/index.js';
import type { MigrationClass } from './migrations/index.js';
import { OneDataSourceCheck } from './connections/one-data-source.check.js';
import { openDataSource } from './connections/open-data-source.js';
import type { PersistenceSettings } from './persistence.settings.js';

/** Structure of `PersistenceModule`. Read synchronously, also by `forRootAsync`. */
export interface PersistenceStructure {
  /** The application's migrations, recorded in the same table and sorted by the timestamp in their names. */
  migrations?: MigrationClass[] | undefined;
  /** Modules whose providers the factory of the settings injects. */
  imports?: ModuleMetadata['imports'] | undefined;
}

/** Every name of the settings. */
const KNOWN_SETTINGS: SettingNames<Required<PersistenceSettings>> = {
  databaseUrl: true,
  migrate: true,
  poolSize: true,
  applicationName: true,
};

/** Every name of the structure. The module builder removes these names from the settings. */
const NO_STRUCTURE: Record<keyof PersistenceStructure, undefined> = { migrations: undefined, imports: undefined };

/** The injection token of the settings. */
export const PERSISTENCE_SETTINGS = Symbol('PersistenceSettings');

export const { ConfigurableModuleClass: ConfigurablePersistenceModule } =
  new ConfigurableModuleBuilder<PersistenceSettings>({ optionsInjectionToken: PERSISTENCE_SETTINGS })
    .setClassMethodName('forRoot')
    .setExtras<PersistenceStructure>(NO_STRUCTURE, (definition, extras) => ({
      ...definition,
      global: true,
      imports: [
        ...(definition.imports ?? []),
        ...(extras.imports ?? []),
        // Allows listeners of several events: `@OnEvent('user.*')`.
        EventEmitterModule.forRoot({ wildcard: true }),
        TypeOrmModule.forRootAsync({
          inject: [PERSISTENCE_SETTINGS],
          useFactory: (settings: PersistenceSettings) =>
            dataSourceOptionsOf(checked(settings), [...migrations, ...(extras.migrations ?? [])]),
          dataSourceFactory: openDataSource,
        }),
      ],
      providers: [...(definition.providers ?? []), OneDataSourceCheck, Database, DatabaseHealth, Events],
      exports: [...(definition.exports ?? []), PERSISTENCE_SETTINGS, Database, DatabaseHealth, Events, TypeOrmModule],
    }))
    .build();

function checked(settings: PersistenceSettings): PersistenceSettings {
  assertKnownSettings('PersistenceModule', settings, KNOWN_SETTINGS, NO_STRUCTURE);
  if (!/^(postgres|postgresql|socket):/.test(settings.databaseUrl ?? '')) {
    throw new Error(
      'PersistenceModule needs `databaseUrl`, the address of a PostgreSQL: write "postgres://user:password@host:5432/database".',
    );
  }
  const { poolSize = DEFAULT_POOL_SIZE, migrate = true, applicationName = '' } = settings;
  if (!Number.isInteger(poolSize) || poolSize < MIN_POOL_SIZE) {
    throw misread(settings, 'poolSize', `a whole number of ${MIN_POOL_SIZE} or more`, String(DEFAULT_POOL_SIZE));
  }
  // A value from the environment is a string, and "false" would be truthy.
  if (typeof migrate !== 'boolean') throw misread(settings, 'migrate', 'true or false', 'true');
  if (typeof applicationName !== 'string') throw misread(settings, 'applicationName', 'a string', '"postern"');
  return settings;
}

function misread(settings: PersistenceSettings, name: keyof PersistenceSettings, right: string, usual: string): Error {
  return new Error(
    `PersistenceModule cannot work with \`${name}: ${JSON.stringify(settings[name])}\`: write ${right}, or leave it out for ${usual}.`,
  );
}
