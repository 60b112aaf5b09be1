import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { completeCorsSettings, corsProblems } from 'postern/cors-settings';
import type { CorsSettings } from 'postern/cors-settings';
import { JWT_ALGORITHMS } from 'postern/jws';
import { nearestName } from 'postern/problem/nearest-name';
import { EnvironmentReader } from './environment-reader.js';
import { LOG_LEVELS, VARIABLES } from './server-config.js';
import type { ServerConfig, Variable } from './server-config.js';

/**
 * The only reader of the environment. A test keeps `.env.example` equal to these variables.
 */

/** The environment is invalid. Each problem names a variable and its permitted values. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigurationError';
  }
}
type Environment = Readonly<Partial<Record<Variable, string>>>;

const CORS_VARIABLES: Readonly<Record<keyof CorsSettings, Variable>> = {
  corsOrigins: 'CORS_ORIGINS',
  corsAllowedHeaders: 'CORS_ALLOWED_HEADERS',
  corsExposedHeaders: 'CORS_EXPOSED_HEADERS',
  corsMethods: 'CORS_METHODS',
  corsMaximumAgeSeconds: 'CORS_MAX_AGE_SECONDS',
  corsCredentials: 'CORS_CREDENTIALS',
};

/** Matches secrets that were copied from an example. */
const PLACEHOLDER =
  /change[-_ ]?(me|this|it)|placeholder|example|your[-_ ]?secret|dummy|^secret|password|xxxx|0{16}|12345678/i;
const SECRET_BYTES = 32;

/** Names that the tests read, and names that Kubernetes sets for services named `postern…`. */
const FOREIGN_NAMES = /^POSTERN_(?:TEST|BENCH)_|_SERVICE_(?:HOST|PORT(?:_\w+)?)$|_PORT_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?$/;

/**
 * Reads and validates the whole environment.
 *
 * @throws ConfigurationError with one sentence for each invalid variable
 */
export function readConfig(environment: Environment = process.env): ServerConfig {
  const problems: string[] = [];
  const read = new EnvironmentReader(environment, problems);
  const production = read.oneOf('NODE_ENV', ['development', 'test', 'production'], 'development') === 'production';
  const port = read.integer('PORT', 3000, 0, 65_535);
  const config: ServerConfig = {
    production,
    port,
    host: read.host('HOST', production ? '0.0.0.0' : '127.0.0.1'),
    databaseUrl: read.databaseUrl('DATABASE_URL'),
    databasePoolSize: read.integer('POSTERN_DATABASE_POOL_SIZE', 14, 6, 1000),
    redisUrl: read.redisUrl('REDIS_URL'),
    smtpUrl: read.smtpUrl('SMTP_URL'),
    mailFrom: read.sender('MAIL_FROM'),
    publicUrl: read.issuer('POSTERN_PUBLIC_URL', production),
    requireVerifiedEmail: read.boolean('POSTERN_REQUIRE_VERIFIED_EMAIL', false),
    logLevel: read.oneOf('LOG_LEVEL', LOG_LEVELS, 'log'),
    migrate: read.boolean('POSTERN_MIGRATE', true),
    issuer: read.issuer('POSTERN_ISSUER', production) ?? `http://localhost:${port}`,
    audience: read.text('POSTERN_AUDIENCE') ?? 'postern',
    clientId: read.clientId('POSTERN_CLIENT_ID', 'postern'),
    secret: read.text('POSTERN_SECRET'),
    previousSecrets: read.list('POSTERN_PREVIOUS_SECRETS'),
    algorithm: read.oneOf('POSTERN_ALGORITHM', JWT_ALGORITHMS, 'ES256'),
    accessTokenSeconds: read.integer('POSTERN_ACCESS_TOKEN_SECONDS', 900, 5, 86_400),
    serviceTokenSeconds: read.integer('POSTERN_SERVICE_TOKEN_SECONDS', 86_400, 5, 86_400),
    maximumTokenBytes: read.integer('POSTERN_MAXIMUM_TOKEN_BYTES', 8000, 1024, 14_000),
    refreshTokenSeconds: read.integer('POSTERN_REFRESH_TOKEN_SECONDS', 2_592_000, 60, 31_536_000),
    sessionMaximumSeconds: read.integer('POSTERN_SESSION_MAXIMUM_SECONDS', 7_776_000, 60, 31_536_000),
    sessionsPerUser: read.integer('POSTERN_SESSIONS_PER_USER', 1000, 1, 10_000),
    followersPerToken: read.integer('POSTERN_FOLLOWERS_PER_TOKEN', 100, 1, 1000),
    deletionGraceDays: read.integer('POSTERN_DELETION_GRACE_DAYS', 30, 0, 365),
    magicLink: read.boolean('POSTERN_MAGIC_LINK', false),
    passwordMinLength: read.integer('POSTERN_PASSWORD_MIN_LENGTH', 15, 8, 256),
    argon2: read.argon2('POSTERN_ARGON2', 'm=19456,t=2,p=1'),
    hashesAtOnce: read.integer('POSTERN_HASHES_AT_ONCE', undefined, 1, 3),
    pepper: read.text('POSTERN_PEPPER'),
    previousPeppers: read.list('POSTERN_PREVIOUS_PEPPERS'),
    breachUrl: read.text('POSTERN_BREACH_URL'),
    limits: read.limits('POSTERN_LIMITS'),
    httpAdapter: read.oneOf('POSTERN_HTTP_ADAPTER', ['fastify', 'express'] as const, 'fastify'),
    bodyLimitBytes: read.integer('POSTERN_BODY_LIMIT_BYTES', 102_400, 1024, 10_485_760),
    requestTimeoutSeconds: read.integer('POSTERN_REQUEST_TIMEOUT_SECONDS', 30, 1, 600),
    ...completeCorsSettings({
      corsOrigins: read.list('CORS_ORIGINS'),
      corsAllowedHeaders: read.list('CORS_ALLOWED_HEADERS'),
      corsExposedHeaders: read.list('CORS_EXPOSED_HEADERS'),
      corsMethods: read.text('CORS_METHODS') === undefined ? undefined : read.list('CORS_METHODS'),
      corsMaximumAgeSeconds: read.integer('CORS_MAX_AGE_SECONDS', 600, 0, 86_400),
      corsCredentials: read.boolean('CORS_CREDENTIALS', false),
    }),
    trustProxy: read.trustProxy('TRUST_PROXY'),
    docs: read.boolean('POSTERN_DOCS', !production),
    dataDir: read.text('POSTERN_DATA_DIR') ?? '.postern',
  };
  problems.push(...corsProblems(config).map(([setting, problem]) => `${CORS_VARIABLES[setting]} ${problem}`));
  problems.push(...unknownNames(environment), ...secretProblems(config));
  if (production) problems.push(...productionProblems(config, environment));
  if (problems.length > 0) throw new ConfigurationError(problems);
  return config;
}

/**
 * Adds the variables of the file `.env` in the working folder. Variables of the environment take precedence.
 *
 * @throws ConfigurationError if `.env` exists but is not a readable file in UTF-8
 */
export function loadEnvironmentFile(path = '.env'): void {
  if (!existsSync(path)) return;
  for (const [name, value] of Object.entries(parseEnv(textOf(path)))) process.env[name] ??= value;
}

/** `process.loadEnvFile` would read the byte order mark of a Windows editor as a part of the first name. */
function textOf(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    // A mount with a missing source leaves a folder of this name, for which the error of Node is not helpful.
    const problem =
      (error as NodeJS.ErrnoException).code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
        ? 'is not UTF-8. Save the file in UTF-8'
        : 'exists but is not a readable file. Replace or remove it';
    throw new ConfigurationError([`${path} ${problem}.`]);
  }
}

/** Without this check, a misspelt variable would silently leave its default in force. */
function unknownNames(environment: Environment): string[] {
  const known: readonly string[] = VARIABLES;
  return Object.entries(environment)
    .filter(([name]) => name.startsWith('POSTERN_') && !known.includes(name) && !FOREIGN_NAMES.test(name))
    .filter(([name, value]) => !(name.endsWith('_PORT') && value?.startsWith('tcp://')))
    .map(([name]) => {
      const nearest = nearestName(name, known) ?? nearestName(name.slice('POSTERN_'.length), known);
      return `Unknown variable ${name}${nearest === undefined ? '.' : `: did you mean ${nearest}?`} See .env.example.`;
    });
}

function secretProblems({ secret, previousSecrets, pepper }: ServerConfig): string[] {
  const problems: string[] = [];
  if (secret !== undefined && isShort(secret))
    problems.push(
      `POSTERN_SECRET needs at least ${SECRET_BYTES} random bytes, for example from: openssl rand -base64 48`,
    );
  if (secret?.includes(','))
    problems.push(
      'POSTERN_SECRET has a comma, which separates the secrets in POSTERN_PREVIOUS_SECRETS. Generate a secret without a comma: openssl rand -base64 48',
    );
  if (secret !== undefined && repeatsItself(secret))
    problems.push('POSTERN_SECRET repeats a few characters. Generate a random secret: openssl rand -base64 48');
  if (previousSecrets.some(isShort))
    problems.push(`POSTERN_PREVIOUS_SECRETS has a secret with fewer than ${SECRET_BYTES} bytes. Remove it.`);
  if (previousSecrets.some(repeatsItself))
    problems.push(
      'POSTERN_PREVIOUS_SECRETS has a secret that repeats a few characters, which no server accepts. Remove it.',
    );
  if (pepper?.includes(','))
    problems.push(
      'POSTERN_PEPPER has a comma, which separates the peppers in POSTERN_PREVIOUS_PEPPERS. Generate a pepper without a comma: openssl rand -base64 48',
    );
  return problems;
}

function productionProblems({ secret, previousSecrets }: ServerConfig, environment: Environment): string[] {
  const problems: string[] = [];
  if (!environment.POSTERN_ISSUER?.trim())
    problems.push(
      'POSTERN_ISSUER is missing: set it to the public URL of this server, for example https://id.example.com',
    );
  if (secret === undefined) problems.push('POSTERN_SECRET is missing: generate a secret with: openssl rand -base64 48');
  // The problem of a short secret is reported already.
  if (secret !== undefined && !isShort(secret) && isPlaceholder(secret))
    problems.push('POSTERN_SECRET is a placeholder: generate a random secret with: openssl rand -base64 48');
  if (previousSecrets.some(isPlaceholder))
    problems.push('POSTERN_PREVIOUS_SECRETS has a placeholder, which an attacker may know. Remove it.');
  if (!environment.DATABASE_URL?.trim())
    problems.push(
      'DATABASE_URL is missing: production has no embedded database. Set it to your PostgreSQL, for example postgres://postern@db.internal/postern',
    );
  return problems;
}

const isShort = (secret: string): boolean => Buffer.byteLength(secret) < SECRET_BYTES;

/** The same rule as in `InstanceSecret`. */
function repeatsItself(secret: string): boolean {
  return !isShort(secret) && new Set(secret).size < 8;
}

function isPlaceholder(secret: string): boolean {
  return PLACEHOLDER.test(secret) || new Set(secret).size < 12;
}
