/** A host of Redis, of a Sentinel, or of a node of a cluster. */
export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** Several hosts, as `redis+sentinel://…` or `redis+cluster://…` names them. */
export interface RedisGroup {
  readonly kind: 'sentinel' | 'cluster';
  readonly hosts: readonly RedisHost[];
  /** Whether every connection uses TLS. */
  readonly isSecure: boolean;
  /** The credentials of Redis itself. */
  readonly username?: string;
  readonly password?: string;
  /** The name of the master; only for `sentinel`. */
  readonly name?: string;
  /** The credentials of the Sentinels, which have their own users; only for `sentinel`. */
  readonly sentinelUsername?: string;
  readonly sentinelPassword?: string;
}

const SINGLE = /^rediss?:\/\//;
const GROUP = /^(rediss?)\+(sentinel|cluster):\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^@/?#]*))?(?:\?([^@#]*))?$/;
const HOST = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/i;
const DEFAULT_PORTS = { sentinel: 26_379, cluster: 6379 } as const;

const UNREADABLE =
  'must be an address that begins with redis:// or rediss:// (or redis+sentinel://host:26379,host2:26379/master, or ' +
  'redis+cluster://host:6379,host2:6379), with every special character of user and password percent-encoded, such as ' +
  '%2F for / and %25 for %.';

/**
 * The problem with a Redis URL, as a predicate that follows the name of the setting; `undefined` if the URL is valid.
 * The text never quotes the URL, because the URL may contain a password.
 */
export function redisUrlProblem(url: string): string | undefined {
  if (SINGLE.test(url)) return isReadable(url) ? undefined : UNREADABLE;
  try {
    const group = redisGroupOf(url);
    if (group === undefined) return UNREADABLE;
    if (group.kind === 'sentinel' && !group.name) {
      return 'must end in the name of the master, such as redis+sentinel://host:26379/mymaster.';
    }
    return undefined;
  } catch {
    return UNREADABLE;
  }
}

/**
 * Parses the URL of several hosts; `undefined` for any other text.
 *
 * @throws URIError if user or password is not percent-encoded
 */
export function redisGroupOf(url: string): RedisGroup | undefined {
  const [, scheme, kind, credentials, list = '', name = '', query = ''] = GROUP.exec(url) ?? [];
  if (kind !== 'sentinel' && kind !== 'cluster') return undefined;
  const hosts = list.split(',').map((text) => hostOf(text, DEFAULT_PORTS[kind]));
  if (hosts.includes(undefined) || (kind === 'cluster' && name !== '')) return undefined;
  const parameters = new URLSearchParams(query);
  const sentinelUsername = parameters.get('sentinelUsername');
  const sentinelPassword = parameters.get('sentinelPassword');
  return {
    kind,
    hosts: hosts as RedisHost[],
    isSecure: scheme === 'rediss',
    ...(credentials !== undefined && credentialsOf(credentials)),
    ...(kind === 'sentinel' && { name: decodeURIComponent(name) }),
    ...(sentinelUsername !== null && { sentinelUsername }),
    ...(sentinelPassword !== null && { sentinelPassword }),
  };
}

function hostOf(text: string, defaultPort: number): RedisHost | undefined {
  const [, host, port] = HOST.exec(text) ?? [];
  const number = Number(port ?? defaultPort);
  if (host === undefined || number < 1 || number > 65_535) return undefined;
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

function credentialsOf(text: string): { username?: string; password?: string } {
  const colon = text.indexOf(':');
  const username = decodeURIComponent(colon === -1 ? text : text.slice(0, colon));
  const password = colon === -1 ? '' : decodeURIComponent(text.slice(colon + 1));
  return { ...(username && { username }), ...(password && { password }) };
}

/** Whether a client can read it. An unescaped `/` or `?` in a password would change the host. */
function isReadable(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password, pathname, search, hash } = new URL(url);
  try {
    decodeURIComponent(username + password);
    return !`${pathname}${search}${hash}`.includes('@');
  } catch {
    return false;
  }
}
