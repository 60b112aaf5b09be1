import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ModuleMetadata, Type } from '@nestjs/common';
import { redisUrlProblem } from 'postern/persistence';
import { setting, settings } from 'postern/problem';
import type { Limit } from './limit.js';
import type { LimitStore } from './stores/limit-store.js';

/**
 * The settings of `LimitsModule`. Plain data, checked at boot. Each limit is `{ points, seconds }`: `points` at once,
 * and one more each `seconds / points`. `false` switches a limit off.
 */
export interface LimitsSettings {
  /** Wrong passwords for an account from one network (default: 10 in 15 minutes). */
  accountNetwork?: Limit | false | undefined;
  /** Wrong passwords for an account from all networks (default: 100 in an hour; NIST SP 800-63B-4 §3.2.2). */
  account?: Limit | false | undefined;
  /** Wrong passwords from a network for all accounts (default: 1000 in an hour). */
  network?: Limit | false | undefined;
  /** Wrong passwords for an account from a device that it knows, instead of the three limits above (default: 10 in 15 minutes). */
  device?: Limit | false | undefined;
  /** Wrong passwords of all accounts and networks. Beyond it, `networkUnderAttack` applies (default: 1000 in 10 minutes). */
  failures?: Limit | false | undefined;
  /** Wrong passwords from a network, during an attack (default: 2 in 10 minutes). */
  networkUnderAttack?: Limit | false | undefined;
  /** Wrong current passwords of a signed-in user (default: 10 in 15 minutes). */
  confirmation?: Limit | false | undefined;
  /** Invalid refresh tokens and one-time tokens from a network (default: 100 in 10 minutes). */
  token?: Limit | false | undefined;
  /** Registrations from a network (default: 1000 in an hour). */
  registration?: Limit | false | undefined;
  /** Mails to an address that anybody can request (default: 10 in an hour). */
  mailAddress?: Limit | false | undefined;
  /** Such mails that one network requests (default: 300 in an hour). */
  mailNetwork?: Limit | false | undefined;
  /** The bits of an IPv6 address that identify a network (default: 64; RFC 6177). */
  ipv6PrefixLength?: number | undefined;
  /** The time for which an account knows a device after a login, in seconds (default: 180 days). */
  deviceSeconds?: number | undefined;
  /** `redis://host:6379`. If set, Redis has the counters (`ioredis` must be installed), otherwise PostgreSQL. */
  redisUrl?: string | undefined;
}

/** The classes of `LimitsModule`. Read synchronously, also by `forRootAsync`. */
export interface LimitsStructure {
  /** The store of the counters (default: `RedisLimitStore` with `redisUrl`, else `PostgresLimitStore`). */
  store?: Type<LimitStore> | undefined;
  /** Modules whose exports the class above injects. */
  imports?: ModuleMetadata['imports'] | undefined;
}

const DAY_SECONDS = 86_400;
const MAX_POINTS = 1_000_000;

function limit(points: number, seconds: number) {
  return setting.custom<Limit | false>(limitProblem, { points, seconds });
}

function limitProblem(value: unknown): string | undefined {
  if (value === false) return undefined;
  const { points, seconds, ...others } = (value ?? {}) as Partial<Limit>;
  const isWithin = (number: unknown, most: number) =>
    Number.isInteger(number) && Number(number) >= 1 && Number(number) <= most;
  return isWithin(points, MAX_POINTS) && isWithin(seconds, DAY_SECONDS) && Object.keys(others).length === 0
    ? undefined
    : `must be { points: 1 to ${MAX_POINTS}, seconds: 1 to ${DAY_SECONDS} }, or false.`;
}

export const SETTINGS = settings<LimitsSettings, LimitsStructure>()(
  'LimitsModule',
  {
    accountNetwork: limit(10, 900),
    account: limit(100, 3600),
    network: limit(1000, 3600),
    device: limit(10, 900),
    failures: limit(1000, 600),
    networkUnderAttack: limit(2, 600),
    confirmation: limit(10, 900),
    token: limit(100, 600),
    registration: limit(1000, 3600),
    mailAddress: limit(10, 3600),
    mailNetwork: limit(300, 3600),
    ipv6PrefixLength: setting.wholeNumber(64, { min: 32, max: 128 }),
    deviceSeconds: setting.wholeNumber(180 * DAY_SECONDS, { min: 60, max: 400 * DAY_SECONDS }),
    redisUrl: setting.custom<string | undefined>((value) =>
      typeof value === 'string' && value !== '' ? redisUrlProblem(value) : undefined,
    ),
  },
  { store: true, imports: true },
);

export const {
  ConfigurableModuleClass: ConfigurableLimitsModule,
  MODULE_OPTIONS_TOKEN: LIMITS_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<LimitsSettings>({ moduleName: 'Limits' })
  .setClassMethodName('forRoot')
  .setExtras<LimitsStructure>(SETTINGS.noStructure, (definition) => ({ ...definition, global: true }))
  .build();
