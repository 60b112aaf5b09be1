import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import type { SettingNames } from 'postern/problem';
import type { ClaimsProvider } from './login/claims-provider.js';
import type { LoginPolicy } from './login/login-policy.js';

/** What `SessionsModule` is told. Plain data, checked at boot; everything has a default. */
export interface SessionsSettings {
  /** How long a session lives without being refreshed, in seconds (default 2,592,000: 30 days). Each refresh starts it anew. */
  refreshTokenLifetimeSeconds?: number | undefined;
  /** How long a session lives at most, however often it is refreshed, in seconds (default 7,776,000: 90 days). */
  sessionMaximumSeconds?: number | undefined;
  /**
   * How many living sessions a user may have (default 1,000; 1 to 10,000). Who begins one more ends the one that was not used for
   * the longest time, with the reason `too-many-sessions`.
   */
  sessionsPerUser?: number | undefined;
  /** For how long a spent refresh token still yields its one successor, in seconds (default 10; 0 to 60). */
  graceSeconds?: number | undefined;
  /**
   * For how long an ended or expired session stays in the database, in seconds (default 2,592,000: 30 days), and in any case
   * while a token of it may be good.
   */
  retentionSeconds?: number | undefined;
}

/** What `SessionsModule` is made of. Read synchronously, also by `forRootAsync`. */
export interface SessionsStructure {
  /** Who may log in and refresh, asked in this order after `NotDisabledPolicy`. */
  policies?: readonly Type<LoginPolicy>[] | undefined;
  /** What access tokens say about the user; `EntityClaims` unless told. */
  claims?: Type<ClaimsProvider> | undefined;
  /** The controller that serves the routes; `SessionsController` unless told. `false`: no routes. */
  controller?: Type | false | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

/** Every name of the settings. */
export const KNOWN_SETTINGS: SettingNames<Required<SessionsSettings>> = {
  refreshTokenLifetimeSeconds: true,
  sessionMaximumSeconds: true,
  sessionsPerUser: true,
  graceSeconds: true,
  retentionSeconds: true,
};

/** Every name of the structure: what stands here is taken out of the settings. */
export const NO_STRUCTURE: Record<keyof SessionsStructure, undefined> = {
  policies: undefined,
  claims: undefined,
  controller: undefined,
  imports: undefined,
};

export const {
  ConfigurableModuleClass: ConfigurableSessionsModule,
  MODULE_OPTIONS_TOKEN: SESSIONS_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<SessionsSettings>({ moduleName: 'Sessions' })
  .setClassMethodName('forRoot')
  .setExtras<SessionsStructure>(NO_STRUCTURE, (definition) => ({ ...definition, global: true }))
  .build();
