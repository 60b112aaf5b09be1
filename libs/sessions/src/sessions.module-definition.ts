import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { setting, settings } from 'postern/problem';
import type { ClaimsProvider } from './login/claims-provider.js';
import type { LoginPolicy } from './login/login-policy.js';

/** The settings of `SessionsModule`. Plain data, checked at boot; every setting has a default. */
export interface SessionsSettings {
  /** The maximum time between two refreshes of a session, in seconds (default 2,592,000: 30 days). */
  refreshTokenLifetimeSeconds?: number | undefined;
  /** The maximum lifetime of a session, in seconds (default 7,776,000: 90 days). */
  sessionMaximumSeconds?: number | undefined;
  /**
   * The maximum number of live sessions of a user (default 1,000; 1 to 10,000). A login that exceeds it ends the least
   * recently used session, with the reason `too-many-sessions`.
   */
  sessionsPerUser?: number | undefined;
  /** How long a used refresh token still returns its one successor, in seconds (default 10; 0 to 60). */
  graceSeconds?: number | undefined;
  /**
   * How long an ended or expired session stays in the database, in seconds (default 2,592,000: 30 days). It always
   * stays while one of its access tokens may be valid.
   */
  retentionSeconds?: number | undefined;
  /**
   * Whether an administrator with the permission `users:impersonate` can act as a user (default: no), and the maximum
   * lifetime of the access token in seconds (default 600; 1 to 600).
   */
  impersonation?: { enabled?: boolean | undefined; maximumSeconds?: number | undefined } | undefined;
}

/** The classes of `SessionsModule`. Read synchronously, also by `forRootAsync`. */
export interface SessionsStructure {
  /** The policies of logins and refreshes, called in this order after `NotDisabledPolicy`. */
  policies?: readonly Type<LoginPolicy>[] | undefined;
  /** The claims of access tokens about the user (default: `EntityClaims`). */
  claims?: Type<ClaimsProvider> | undefined;
  /** The controller of the routes (default: `SessionsController`). `false`: no routes. */
  controller?: Type | false | undefined;
  /** The controllers of the routes for administrators. `false`: no routes. */
  controllers?: { admin?: Type | false | undefined; impersonation?: Type | false | undefined } | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

const DAY_SECONDS = 86_400;
const MAX_IMPERSONATION_SECONDS = 600;
const MAX_SECONDS = 3650 * DAY_SECONDS;

const IMPERSONATION = settings<NonNullable<SessionsSettings['impersonation']>>()('SessionsModule: "impersonation"', {
  enabled: setting.flag(false),
  maximumSeconds: setting.number(MAX_IMPERSONATION_SECONDS, { min: 1, max: MAX_IMPERSONATION_SECONDS }),
});

export const SETTINGS = settings<SessionsSettings, SessionsStructure>()(
  'SessionsModule',
  {
    refreshTokenLifetimeSeconds: setting.number(30 * DAY_SECONDS, { min: 1, max: MAX_SECONDS }),
    sessionMaximumSeconds: setting.number(90 * DAY_SECONDS, { min: 1, max: MAX_SECONDS }),
    sessionsPerUser: setting.wholeNumber(1000, { min: 1, max: 10_000 }),
    graceSeconds: setting.number(10, { min: 0, max: 60 }),
    retentionSeconds: setting.number(30 * DAY_SECONDS, { min: 0, max: MAX_SECONDS }),
    impersonation: setting.nested(IMPERSONATION),
  },
  { policies: true, claims: true, controller: true, controllers: true, imports: true },
);

export const {
  ConfigurableModuleClass: ConfigurableSessionsModule,
  MODULE_OPTIONS_TOKEN: SESSIONS_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<SessionsSettings>({ moduleName: 'Sessions' })
  .setClassMethodName('forRoot')
  .setExtras<SessionsStructure>(SETTINGS.noStructure, (definition) => ({ ...definition, global: true }))
  .build();
