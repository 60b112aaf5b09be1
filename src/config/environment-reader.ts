import { isIP } from 'node:net';
import { databaseUrlProblem } from 'postern/persistence/database-url';
import { redisUrlProblem } from 'postern/persistence/redis-url';
import { issuerProblem } from 'postern/tokens/issuer-address';
import { LIMITS } from './server-config.js';
import type { ServerConfig, Variable } from './server-config.js';

/** Reads single variables. For an invalid value it records a problem and returns the default. */
export class EnvironmentReader {
  constructor(
    private readonly environment: Readonly<Partial<Record<Variable, string>>>,
    private readonly problems: string[],
  ) {}

  text(name: Variable): string | undefined {
    const value = this.environment[name]?.trim();
    return value === '' ? undefined : value;
  }

  integer<T extends number | undefined>(name: Variable, fallback: T, least: number, most: number): number | T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    return this.reject(`${name} must be a whole number from ${least} to ${most}.`, fallback);
  }

  boolean(name: Variable, fallback: boolean): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return fallback;
    if (text === 'true' || text === '1') return true;
    if (text === 'false' || text === '0') return false;
    return this.reject(`${name} must be true or false.`, fallback);
  }

  oneOf<T extends string>(name: Variable, values: readonly T[], fallback: T): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = values.find((candidate) => candidate === text);
    return value ?? this.reject(`${name} must be one of ${values.join(', ')}.`, fallback);
  }

  list(name: Variable): string[] {
    return (this.text(name) ?? '')
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }

  /** The issuer or the public URL, validated like the issuer of PosternModule. */
  issuer(name: Variable, production: boolean): string | undefined {
    const text = this.text(name);
    const problem = text === undefined ? undefined : issuerProblem(text, production);
    return problem === undefined ? text : this.reject(`${name} ${problem}`, undefined);
  }

  /** A client identifier (RFC 6749 Appendix A.1). */
  clientId(name: Variable, fallback: string): string {
    const text = this.text(name);
    if (text === undefined || /^[\x20-\x7e]{1,255}$/.test(text)) return text ?? fallback;
    return this.reject(`${name} must have 1 to 255 printable ASCII characters, such as web-app.`, fallback);
  }

  /** The address to listen on: an IP address, also with a zone such as `fe80::1%eth0`, or a name. */
  host(name: Variable, fallback: string): string {
    const text = this.text(name);
    if (text === undefined) return fallback;
    if (isIP(text) !== 0 || /^\w[\w.-]*$/.test(text)) return text;
    return this.reject(
      `${name} must be an IP address or a name, without brackets, port and quotes, such as 127.0.0.1, :: or localhost.`,
      fallback,
    );
  }

  redisUrl(name: Variable): string | undefined {
    const text = this.text(name);
    const problem = text === undefined ? undefined : redisUrlProblem(text);
    return problem === undefined ? text : this.reject(`${name} ${problem}`, undefined);
  }

  /** The URL of an SMTP server. */
  smtpUrl(name: Variable): string | undefined {
    const text = this.text(name);
    if (text === undefined || (/^smtps?:\/\//.test(text) && isReadable(text))) return text;
    return this.reject(
      `${name} must be an address that begins with smtp:// or smtps://, with every special character of user and ` +
        'password percent-encoded, such as %2F for / and %25 for %.',
      undefined,
    );
  }

  /** The sender of mails: an address, or a name and an address in angle brackets. */
  sender(name: Variable): string | undefined {
    const text = this.text(name);
    if (text === undefined || /^(?:[^<>@]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/.test(text)) return text;
    return this.reject(`${name} must be a sender such as no-reply@acme.com or Acme <no-reply@acme.com>.`, undefined);
  }

  /** The URL of a PostgreSQL as the driver reads it. The URL of a Unix socket has no host. */
  databaseUrl(name: Variable): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const problem = /^postgres(?:ql)?:\/\//.test(text)
      ? databaseUrlProblem(text)
      : 'must be an address that begins with postgres:// or postgresql://.';
    return problem === undefined ? text : this.reject(`${name} ${problem}`, undefined);
  }

  argon2(name: Variable, fallback: string): ServerConfig['argon2'] {
    const parsed = /^m=(\d{4,7}),t=(\d{1,2}),p=(\d{1,2})$/.exec(this.text(name) ?? fallback);
    const [memoryKiB, iterations, parallelism] = (parsed?.slice(1) ?? []).map(Number) as [number, number, number];
    if (parsed && memoryKiB >= 7168 && memoryKiB <= 4_194_304 && iterations >= 1 && parallelism >= 1)
      return { memoryKiB, iterations, parallelism };
    return this.reject(`${name} must look like m=19456,t=2,p=1, with 7168 to 4194304 KiB of memory.`, {
      memoryKiB: 19_456,
      iterations: 2,
      parallelism: 1,
    });
  }

  /** Limits: `name=points/seconds` or `name=off`, separated by commas. The others keep their defaults. */
  limits(name: Variable): ServerConfig['limits'] {
    const entries = this.list(name).map((text) => {
      const [, limit = '', points, seconds] = /^(\w+)=(?:(\d{1,6})\/(\d{1,5})|off)$/.exec(text) ?? [];
      const isLimit = (LIMITS as readonly string[]).includes(limit);
      const value = points === undefined ? (false as const) : { points: Number(points), seconds: Number(seconds) };
      const isWithin = value === false || (value.points > 0 && value.seconds > 0 && value.seconds <= 86_400);
      return isLimit && isWithin ? ([limit, value] as const) : undefined;
    });
    if (!entries.includes(undefined)) return Object.fromEntries(entries as [string, object | false][]);
    return this.reject(
      `${name} must look like account=100/3600,network=off: limits as points/seconds (1 to 86400 s), of ${LIMITS.join(', ')}.`,
      {},
    );
  }

  /** `false` (default), `true`, a number of hops, or addresses and networks separated by commas. */
  trustProxy(name: Variable): boolean | number | string {
    const text = this.text(name);
    if (text === undefined || text === 'false') return false;
    if (text === 'true') return true;
    if (/^\d{1,2}$/.test(text)) return Number(text);
    if (text.split(',').every((entry) => isProxy(entry.trim()))) return text;
    return this.reject(
      `${name} must be false, true, a number of proxies, or addresses and networks separated by commas, such as 10.0.0.0/8.`,
      false,
    );
  }

  private reject<T>(problem: string, fallback: T): T {
    this.problems.push(problem);
    return fallback;
  }
}

/** Returns whether a client can read it. An unescaped `/` or `?` in a password would change the host. */
function isReadable(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { username, password, pathname, search, hash } = new URL(address);
  try {
    decodeURIComponent(username + password);
    return !`${pathname}${search}${hash}`.includes('@');
  } catch {
    return false;
  }
}

/** Returns whether the text is an address, a network, or the name of a set of networks. */
function isProxy(text: string): boolean {
  if (/^(?:loopback|linklocal|uniquelocal)$/.test(text)) return true;
  const [, address = '', bits = '0'] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  return isIP(address) !== 0 && Number(bits) <= (isIP(address) === 4 ? 32 : 128);
}
