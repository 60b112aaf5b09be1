import { ConfigurableModuleBuilder } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { TypeOrmModule } from '@nestjs/typeorm';
import { dataSourceOptionsOf } from './connections/data-source-options.js';
import { DatabaseHealth } from './connections/database-health.js';
import { Database } from './transactions/database.js';
import { Events } from './events.js';
import { migrations } from './migrations/index.js';
import { OneDataSourceCheck } from './connections/one-data-source.check.js';
import { openDataSource } from './connections/open-data-source.js';
import { SETTINGS } from './persistence.settings.js';
import type { PersistenceSettings, PersistenceStructure } from './persistence.settings.js';

/** The injection token of the settings. */
export const PERSISTENCE_SETTINGS = Symbol('PersistenceSettings');

export const { ConfigurableModuleClass: ConfigurablePersistenceModule } =
  new ConfigurableModuleBuilder<PersistenceSettings>({ optionsInjectionToken: PERSISTENCE_SETTINGS })
    .setClassMethodName('forRoot')
    .setExtras<PersistenceStructure>(SETTINGS.noStructure, (definition, extras) => ({
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
            dataSourceOptionsOf(SETTINGS.read(settings), [...migrations, ...(extras.migrations ?? [])]),
          dataSourceFactory: openDataSource,
        }),
      ],
      providers: [...(definition.providers ?? []), OneDataSourceCheck, Database, DatabaseHealth, Events],
      exports: [...(definition.exports ?? []), PERSISTENCE_SETTINGS, Database, DatabaseHealth, Events, TypeOrmModule],
    }))
    .build();
