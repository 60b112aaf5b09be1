import type { CompleteCorsSettings } from 'postern/cors-settings';
import type { JwtAlgorithm } from 'postern/jws';
import type { Limit, LimitName } from 'postern/limits';

/** The configuration of the server. Durations are in seconds; sizes are in bytes, unless the name has another unit. */
export interface ServerConfig extends CompleteCorsSettings {
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  /** Undefined: the server starts the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined;
  /** The maximum number of connections of the server. */
  readonly databasePoolSize: number;
  readonly redisUrl: string | undefined;
  /** Undefined: mail is not sent. */
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string | undefined;
  /** Undefined: the issuer. */
  readonly publicUrl: string | undefined;
  readonly requireVerifiedEmail: boolean;
  readonly logLevel: LogLevelName;
  readonly migrate: boolean;
  readonly issuer: string;
  readonly audience: string;
  /** The `client_id` of the first-party application. */
  readonly clientId: string;
  /** Undefined: the server generates a secret in the data folder (never in production). */
  readonly secret: string | undefined;
  readonly previousSecrets: readonly string[];
  readonly algorithm: JwtAlgorithm;
  readonly accessTokenSeconds: number;
  readonly serviceTokenSeconds: number;
  readonly maximumTokenBytes: number;
  readonly refreshTokenSeconds: number;
  readonly sessionMaximumSeconds: number;
  readonly sessionsPerUser: number;
  readonly followersPerToken: number;
  readonly deletionGraceDays: number;
  readonly magicLink: boolean;
  readonly passwordMinLength: number;
  readonly argon2: { readonly memoryKiB: number; readonly iterations: number; readonly parallelism: number };
  /** Undefined: one for each core, at most three. */
  readonly hashesAtOnce: number | undefined;
  /** Undefined: hashes have no pepper. */
  readonly pepper: string | undefined;
  readonly previousPeppers: readonly string[];
  /** Undefined: new passwords are not looked up in known breaches. */
  readonly breachUrl: string | undefined;
  /** The limits that differ from their defaults; `false` is off. */
  readonly limits: Readonly<Partial<Record<LimitName, Limit | false>>>;
  readonly httpAdapter: 'fastify' | 'express';
  readonly bodyLimitBytes: number;
  readonly requestTimeoutSeconds: number;
  readonly trustProxy: boolean | number | string;
  readonly docs: boolean;
  readonly dataDir: string;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const;

/** The levels of Nest's logger, from the fewest lines to the most. */
export type LogLevelName = (typeof LOG_LEVELS)[number];

/** The names of the limits in `POSTERN_LIMITS`. */
export const LIMITS = [
  'accountNetwork',
  'account',
  'network',
  'device',
  'failures',
  'networkUnderAttack',
  'confirmation',
  'token',
  'registration',
  'mailAddress',
  'mailNetwork',
] as const satisfies readonly LimitName[];

/** Every variable that {@link readConfig} reads. */
export const VARIABLES = [
  'NODE_ENV',
  'PORT',
  'HOST',
  'DATABASE_URL',
  'REDIS_URL',
  'SMTP_URL',
  'MAIL_FROM',
  'LOG_LEVEL',
  'TRUST_PROXY',
  'CORS_ORIGINS',
  'CORS_ALLOWED_HEADERS',
  'CORS_EXPOSED_HEADERS',
  'CORS_METHODS',
  'CORS_MAX_AGE_SECONDS',
  'CORS_CREDENTIALS',
  'POSTERN_ISSUER',
  'POSTERN_AUDIENCE',
  'POSTERN_CLIENT_ID',
  'POSTERN_PUBLIC_URL',
  'POSTERN_REQUIRE_VERIFIED_EMAIL',
  'POSTERN_SECRET',
  'POSTERN_PREVIOUS_SECRETS',
  'POSTERN_ALGORITHM',
  'POSTERN_ACCESS_TOKEN_SECONDS',
  'POSTERN_SERVICE_TOKEN_SECONDS',
  'POSTERN_MAXIMUM_TOKEN_BYTES',
  'POSTERN_REFRESH_TOKEN_SECONDS',
  'POSTERN_SESSION_MAXIMUM_SECONDS',
  'POSTERN_SESSIONS_PER_USER',
  'POSTERN_FOLLOWERS_PER_TOKEN',
  'POSTERN_DELETION_GRACE_DAYS',
  'POSTERN_MAGIC_LINK',
  'POSTERN_PASSWORD_MIN_LENGTH',
  'POSTERN_ARGON2',
  'POSTERN_HASHES_AT_ONCE',
  'POSTERN_PEPPER',
  'POSTERN_PREVIOUS_PEPPERS',
  'POSTERN_BREACH_URL',
  'POSTERN_LIMITS',
  'POSTERN_MIGRATE',
  'POSTERN_DATABASE_POOL_SIZE',
  'POSTERN_HTTP_ADAPTER',
  'POSTERN_BODY_LIMIT_BYTES',
  'POSTERN_REQUEST_TIMEOUT_SECONDS',
  'POSTERN_DOCS',
  'POSTERN_DATA_DIR',
] as const;

/** The name of a variable that the server reads. */
export type Variable = (typeof VARIABLES)[number];
