import { isIP } from 'node:net';

/** The column's length: an IPv6 address with the name of a zone. */
const MAX_ADDRESS_LENGTH = 64;

/** The client of a login or a refresh, and the authentication methods. */
export interface SessionContext {
  /** The User-Agent header, at most 512 characters, without control characters. */
  readonly userAgent?: string;
  /** The IP address of the client, as the HTTP adapter reports it under its trust-proxy setting. */
  readonly ipAddress?: string;
  /** The authentication methods of the user: values of RFC 8176, such as `pwd`, `otp`, `hwk`. */
  readonly amr: readonly string[];
}

/** The members that a Fastify request and an Express request share. */
export interface RequestLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip?: string | undefined;
}

/** The User-Agent and the IP address of a Fastify or Express request, cleaned for storage and display. */
export function sessionContextOf(request: RequestLike, amr: readonly string[] = []): SessionContext {
  const agent = request.headers['user-agent'];
  const userAgent = cleaned(typeof agent === 'string' ? agent : agent?.[0], 512);
  const ipAddress = ipAddressOf(request.ip);
  return { ...(userAgent && { userAgent }), ...(ipAddress && { ipAddress }), amr };
}

/**
 * The IP address in `request.ip`, or undefined if there is none. Some proxies forward an address with a port, and some
 * forward any string that a client sent, including markup. An IPv4 address that a socket for both families reports in
 * the form of IPv6 is returned as IPv4.
 *
 * @see RFC 4291 §2.5.5.2
 */
export function ipAddressOf(forwarded = ''): string | undefined {
  if (forwarded.length > MAX_ADDRESS_LENGTH) return undefined;
  if (isIP(forwarded)) return withoutMapping(forwarded);
  const [, bracketed, plain] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::\d+)?$/i.exec(forwarded) ?? [];
  const address = bracketed ?? plain ?? '';
  return isIP(address) ? withoutMapping(address) : undefined;
}

function withoutMapping(address: string): string {
  // URL normalises every spelling, such as ::ffff:192.0.2.1 and 0:0:0:0:0:FFFF:C000:201.
  if (!/:ffff:[\da-f.:]+$/i.test(address)) return address;
  const { hostname } = new URL(`http://[${address}]`);
  const [, high, low] = /^\[::ffff:([\da-f]+):([\da-f]+)\]$/.exec(hostname) ?? [];
  if (high === undefined || low === undefined) return address;
  return [high, low].flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]).join('.');
}

function cleaned(text: string | undefined, maxLength: number): string | undefined {
  // Cut first: a header of a megabyte must not cost more than one of 512 characters. A cut inside a surrogate pair
  // leaves a lone surrogate, which PostgreSQL rejects.
  return text
    ?.slice(0, maxLength)
    .replace(/[\p{Cc}\p{Cs}]/gu, '')
    .trim();
}
