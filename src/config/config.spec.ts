import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError, loadEnvironmentFile, readConfig } from './config.js';
import { VARIABLES } from './server-config.js';

const strong = 'k7Qz0pVt3mXw9RbN2cLs8HyJ5dGf1aEuTiOoPqWe';
const production = {
  NODE_ENV: 'production',
  POSTERN_ISSUER: 'https://id.acme.test',
  POSTERN_SECRET: strong,
  DATABASE_URL: 'postgres://postern@db/postern',
};

function problemsOf(environment: Record<string, string>): string {
  try {
    readConfig(environment);
    return '';
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.join('\n');
    throw error;
  }
}

describe('readConfig', () => {
  it('starts a development server from an empty environment', () => {
    expect(readConfig({})).toMatchObject({
      production: false,
      port: 3000,
      issuer: 'http://localhost:3000',
      databaseUrl: undefined,
      accessTokenSeconds: 900,
      trustProxy: false,
    });
  });

  it('accepts a complete production environment, with Swagger UI off by default', () => {
    expect(readConfig(production)).toMatchObject({ production: true, issuer: 'https://id.acme.test', docs: false });
    expect(readConfig({ ...production, POSTERN_DOCS: 'true' }).docs).toBe(true);
    expect(readConfig({}).docs).toBe(true);
  });

  it.each(['POSTERN_ISSUER', 'POSTERN_SECRET', 'DATABASE_URL'] as const)('rejects production without %s', (name) => {
    const { [name]: _left, ...rest } = production;
    expect(problemsOf(rest)).toContain(`${name} is missing`);
  });

  it.each(['change-me-change-me-change-me-change-me', 'your-secret-your-secret-your-secret-12', 'a'.repeat(48)])(
    'rejects the placeholder secret %s in production',
    (secret) => {
      expect(problemsOf({ ...production, POSTERN_SECRET: secret })).toContain('POSTERN_SECRET is a placeholder');
    },
  );

  it.each([
    ['POSTERN_ISSUER', 'https://id.acme.test/?tenant=1', 'must be without query and fragment'],
    ['POSTERN_ISSUER', 'https://id.acme.test/#x', 'must be without query and fragment'],
    ['POSTERN_ISSUER', 'id.acme.test', 'must be an address that begins with https:// or http://'],
    ['POSTERN_ISSUER', 'https:id.acme.test', 'must be an address that begins with https:// or http://'],
    ['POSTERN_ISSUER', 'https://ada:hunter2@id.acme.test', 'must be without user, password and blanks'],
    ['POSTERN_ISSUER', 'https://id.acme.test/a b', 'must be without user, password and blanks'],
    ['REDIS_URL', 'redis://:hunter2%ff@redis', 'must be an address that begins with redis:// or rediss://'],
    ['REDIS_URL', 'redis://:hunter2%@redis', 'must be an address that begins with redis:// or rediss://'],
    ['REDIS_URL', 'redis+sentinel://:hunter2@redis:26379', 'must end in the name of the master'],
    ['REDIS_URL', 'redis+sentinel://:hunter2%2@redis:26379/acme', 'must be an address that begins with redis://'],
    ['REDIS_URL', 'redis+cluster://redis:99999', 'must be an address that begins with redis:// or rediss://'],
    ['REDIS_URL', 'redis://postern:22/hunter2@redis', 'must be an address that begins with redis:// or rediss://'],
    [
      'CORS_ORIGINS',
      'https://app.acme.test, https://app.acme.test/',
      'has "https://app.acme.test/": write an origin without a path',
    ],
    ['CORS_ORIGINS', 'https://app.*.acme.test', 'has "https://app.*.acme.test": write an origin'],
    ['CORS_ALLOWED_HEADERS', 'traceparent, *', 'has "*": write names of headers'],
    ['CORS_EXPOSED_HEADERS', 'X Total', 'has "X Total": write names of headers'],
    ['CORS_METHODS', 'GET, patch', 'has "patch": write methods in capitals'],
    ['CORS_MAX_AGE_SECONDS', '86401', 'must be a whole number from 0 to 86400'],
    ['CORS_CREDENTIALS', 'yes', 'must be true or false'],
    ['POSTERN_ARGON2', 'm=9999999,t=2,p=1', 'must look like m=19456,t=2,p=1, with 7168 to 4194304 KiB'],
    ['POSTERN_LIMITS', 'account=100/0', 'must look like account=100/3600,network=off'],
    ['POSTERN_LIMITS', 'accounts=100/60', 'must look like account=100/3600,network=off'],
    ['POSTERN_SECRET', `${strong},${strong}`, 'has a comma'],
    ['POSTERN_DATABASE_POOL_SIZE', '5', 'must be a whole number from 6 to 1000'],
  ])('rejects %s=%s', (name, value, message) => {
    expect(problemsOf({ [name]: value })).toContain(`${name} ${message}`);
  });

  it('reads limits as points and seconds, and off as false', () => {
    const { limits } = readConfig({ POSTERN_LIMITS: 'account=50/3600, network=off' });
    expect(limits).toEqual({ account: { points: 50, seconds: 3600 }, network: false });
  });

  it('rejects a placeholder among the previous secrets in production, because it can forge a refresh token', () => {
    const previous = `${strong},change-me-change-me-change-me-change-me`;
    const problems = problemsOf({ ...production, POSTERN_PREVIOUS_SECRETS: previous });
    expect(problems).toBe('POSTERN_PREVIOUS_SECRETS has a placeholder, which an attacker may know. Remove it.');
    expect(problemsOf({ POSTERN_PREVIOUS_SECRETS: previous })).toBe('');
  });

  it.each(['prod', 'Production', 'staging'])('rejects NODE_ENV=%s', (name) => {
    expect(problemsOf({ ...production, NODE_ENV: name })).toContain(
      'NODE_ENV must be one of development, test, production',
    );
  });

  it.each(['[::1]', '127.0.0.1:3000', 'http://localhost', '"127.0.0.1"', '*', '127.0.0.1/8', '::1::'])(
    'rejects HOST=%s and names the permitted values',
    (host) => {
      expect(problemsOf({ HOST: host })).toBe(
        'HOST must be an IP address or a name, without brackets, port and quotes, such as 127.0.0.1, :: or localhost.',
      );
    },
  );

  it.each(['::1', '::', 'fe80::1%eth0', '0.0.0.0', 'localhost', 'my_service.internal.'])('accepts HOST=%s', (host) => {
    expect(readConfig({ HOST: ` ${host} ` }).host).toBe(host);
  });

  it.each([
    ['POSTERN_SECRET', { POSTERN_SECRET: 'ab'.repeat(24) }, 'repeats a few characters'],
    ['POSTERN_PREVIOUS_SECRETS', { POSTERN_PREVIOUS_SECRETS: 'ab'.repeat(24) }, 'repeats a few characters'],
  ])('rejects a value of %s that repeats a few characters', (name, environment, message) => {
    const problems = problemsOf({ POSTERN_SECRET: strong, ...environment });
    expect(problems).toMatch(new RegExp(`^${name} [^\\n]*${message}[^\\n]*$`));
  });

  it('rejects an invalid REDIS_URL, and accepts the DATABASE_URL of a Unix socket', () => {
    expect(problemsOf({ REDIS_URL: 'redis://127.0.0.1:99999' })).toContain('REDIS_URL must be an address');
    expect(problemsOf({ DATABASE_URL: 'postgres://user@/database?host=/run/postgresql' })).toBe('');
  });

  it.each([
    'postgres://postern:hunter2/aB@db:5432/postern',
    'postgres://postern:hunter2#aB@db:5432/postern',
    'postgres://postern:hunter2?aB@db:5432/postern',
    // The text before the special character looks like a port, and the user like a host.
    'postgres://postern:22/hunter2@db/postern',
    'postgres://postern:22#hunter2@db/postern',
    'postgres://postern:22?hunter2@db/postern',
    'postgres://postern:22/hunter2@/postern?host=/run/postgresql',
    'postgres://postern:hunter2%ff@db/postern',
    'postgres://postern:hunter2@db:99999/postern',
    'postgres://postern:hunter2@db/postern?port=99999',
    'postgres://postern:hunter2@db:0/postern',
  ])('explains in one sentence how to write a DATABASE_URL that cannot be read: %s', (address) => {
    const problems = problemsOf({ ...production, DATABASE_URL: address });
    expect(problems).toMatch(
      /^DATABASE_URL cannot be read[^\n]*postgres:\/\/user:password@host:5432\/database[^\n]*%23[^\n]*$/,
    );
    expect(problems).not.toMatch(/hunter|99999/);
  });

  it.each([
    'postgres://postern:hunter2%2FaB%23@db:5432/postern',
    'postgres://postern:hunter@2:100%@db/postern',
    'postgresql://[::1]/postern?application_name=a@b',
    'postgres://%2Frun%2Fpostgresql/postern',
    'postgres:///postern?host=/run/postgresql',
    'postgres://db/postern?sslmode=verify-full',
  ])('accepts the DATABASE_URL %s', (address) => {
    expect(readConfig({ DATABASE_URL: address }).databaseUrl).toBe(address);
  });

  it('rejects a DATABASE_URL with a missing certificate file', () => {
    const problems = problemsOf({
      ...production,
      DATABASE_URL: 'postgres://a:hunter2@db/postern?sslrootcert=/nowhere/ca.pem',
    });
    expect(problems).toMatch(/^DATABASE_URL names a file that cannot be read: [^\n]*\/nowhere\/ca\.pem[^\n]*$/);
    expect(problems).not.toMatch(/hunter/);
  });

  it('rejects a DATABASE_URL with another scheme, and does not report it as missing', () => {
    expect(problemsOf({ ...production, DATABASE_URL: 'mysql://root:hunter2@db' })).toBe(
      'DATABASE_URL must be an address that begins with postgres:// or postgresql://.',
    );
  });

  it('accepts an issuer with an @ in its path', () => {
    expect(problemsOf({ POSTERN_ISSUER: 'https://id.acme.test/@acme' })).toBe('');
  });

  it.each([
    'redis://127.0.0.1',
    'rediss://postern:hunter2%2F%25@redis:6380/1',
    'redis://:hunter@2@redis',
    'redis+sentinel://postern:hunter2%2F@a.example.com,b.example.com:26380/acme?sentinelPassword=x%26',
    'rediss+cluster://[::1]:6379,127.0.0.1',
  ])('accepts the REDIS_URL %s', (address) => {
    expect(readConfig({ REDIS_URL: address }).redisUrl).toBe(address);
  });

  it('rejects an issuer without https in production, except for a loopback address', () => {
    expect(problemsOf({ ...production, POSTERN_ISSUER: 'http://id.acme.test' })).toContain('https://');
    expect(problemsOf({ ...production, POSTERN_ISSUER: 'http://localhost:3000' })).toBe('');
  });

  it('reports all problems together, without the value of a secret or an address', () => {
    const problems = problemsOf({ PORT: 'many', DATABASE_URL: 'mysql://root:hunter2@db', POSTERN_SECRET: 'hunter3' });
    expect(problems.split('\n')).toHaveLength(3);
    expect(problems).not.toMatch(/hunter/);
  });

  it.each([
    ['POSTERN_ISSEUR', ': did you mean POSTERN_ISSUER? See .env.example.'],
    ['POSTERN_PORT', ': did you mean PORT? See .env.example.'],
    ['POSTERN_PREVIOUS_SECRET', ': did you mean POSTERN_PREVIOUS_SECRETS? See .env.example.'],
    ['POSTERN_', '. See .env.example.'],
  ])('rejects the unknown variable %s and names the nearest variable', (name, hint) => {
    expect(problemsOf({ ...production, [name]: '8080' })).toBe(`Unknown variable ${name}${hint}`);
  });

  it('reports a short secret in one line', () => {
    expect(problemsOf({ ...production, POSTERN_SECRET: 'secret' })).toBe(
      'POSTERN_SECRET needs at least 32 random bytes, for example from: openssl rand -base64 48',
    );
  });

  it('ignores the variables that Kubernetes sets for services named postern, and variables of other programs', () => {
    const others: Record<string, string> = {
      POSTERN_SERVICE_HOST: '10.96.0.12',
      POSTERN_SERVICE_PORT: '80',
      POSTERN_SERVICE_PORT_HTTP: '80',
      POSTERN_PORT: 'tcp://10.96.0.12:80',
      POSTERN_PORT_80_TCP: 'tcp://10.96.0.12:80',
      POSTERN_PORT_80_TCP_ADDR: '10.96.0.12',
      POSTERN_DB_PORT: 'tcp://10.96.0.13:5432',
      POSTERN_TEST_RUN: '1',
      PORTS: '1',
    };
    expect(readConfig(others)).toEqual(readConfig({}));
  });

  it('reads the number of concurrent hashes, which has no default', () => {
    expect(readConfig({}).hashesAtOnce).toBeUndefined();
    expect(readConfig({ POSTERN_HASHES_AT_ONCE: '1' }).hashesAtOnce).toBe(1);
    for (const bad of ['0', '4', 'all', '1.5'])
      expect(problemsOf({ POSTERN_HASHES_AT_ONCE: bad })).toBe(
        'POSTERN_HASHES_AT_ONCE must be a whole number from 1 to 3.',
      );
  });

  it('reads TRUST_PROXY as a boolean, a number of proxies, or networks', () => {
    expect(readConfig({ TRUST_PROXY: 'true' }).trustProxy).toBe(true);
    expect(readConfig({ TRUST_PROXY: '2' }).trustProxy).toBe(2);
    expect(readConfig({ TRUST_PROXY: '10.0.0.0/8,::1' }).trustProxy).toBe('10.0.0.0/8,::1');
    expect(readConfig({ TRUST_PROXY: 'loopback, 10.1.2.3' }).trustProxy).toBe('loopback, 10.1.2.3');
    for (const bad of ['yes', '10.0.0.0/33', '10.0.0.1;10.0.0.2', '-1', '::1/129', 'example.com']) {
      expect(() => readConfig({ TRUST_PROXY: bad })).toThrow(/^TRUST_PROXY must be/);
    }
  });
});

describe('loadEnvironmentFile', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-env-'));
    path = join(folder, '.env');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    delete process.env.POSTERN_TEST_FIRST;
    delete process.env.POSTERN_TEST_SECOND;
  });

  it('reads the file of a Windows editor, and keeps the variables of the environment', () => {
    process.env.POSTERN_TEST_SECOND = 'set';
    writeFileSync(path, '\uFEFFPOSTERN_TEST_FIRST="one two"\r\nPOSTERN_TEST_SECOND=other\r\n');
    loadEnvironmentFile(path);
    expect([process.env.POSTERN_TEST_FIRST, process.env.POSTERN_TEST_SECOND]).toEqual(['one two', 'set']);
  });

  it('rejects a file that is not UTF-8', () => {
    writeFileSync(path, '\uFEFFPOSTERN_TEST_FIRST=1\r\n', 'utf16le');
    expect(() => loadEnvironmentFile(path)).toThrow(`${path} is not UTF-8. Save the file in UTF-8.`);
  });
});

describe('.env.example', () => {
  const text = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$/gm)];

  it('lists exactly the variables that the configuration reads', () => {
    expect(listed.map(([, name]) => name).sort()).toEqual([...VARIABLES].sort());
  });

  it('shows the default of each variable', () => {
    const shown = Object.fromEntries(listed.map(([, name, value]) => [name!, value!]));
    const { DATABASE_URL: _database, REDIS_URL: _redis, ...defaults } = shown;
    expect(readConfig(defaults)).toEqual(readConfig({}));
  });

  it('describes each variable in the lines above it', () => {
    for (const block of text.split(/\n\n+/)) expect(block).toMatch(/^# [A-Za-z]/);
  });

  it('lists exactly the variables that the server reads', () => {
    const read = new Set<string>();
    readConfig(new Proxy<Record<string, string>>({}, { get: (_target, name) => void read.add(String(name)) }));
    readConfig(new Proxy(production, { get: (target, name) => (read.add(String(name)), Reflect.get(target, name)) }));
    expect([...read].sort()).toEqual([...VARIABLES].sort());
  });
});
