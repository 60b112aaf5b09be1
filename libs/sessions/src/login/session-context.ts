import { isIP } from 'node:net';

/** One of IPv6 with the name of a zone. */
const MAX_ADDRESS = 64;

/** From where, and by which proofs, somebody asks for a session. */
export interface SessionContext {
  /** The User-Agent header, at most 512 characters, without control characters. */
  readonly userAgent?: string;
  /** The caller's IP address, as the HTTP adapter saw it under its own trust-proxy setting. */
  readonly ipAddress?: string;
  /** How the user proved who they are: values of RFC 8176, such as `pwd`, `otp`, `hwk`. */
  readonly amr: readonly string[];
}

/** What both a Fastify and an Express request have. */
export interface RequestLike {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip?: string | undefined;
}

/** The User-Agent and the address of a request of Fastify or Express, cleaned so that they may be stored and shown. */
export function sessionContextOf(request: RequestLike, amr: readonly string[] = []): SessionContext {
  const agent = request.headers['user-agent'];
  const userAgent = cleaned(typeof agent === 'string' ? agent : agent?.[0], 512);
  const ipAddress = ipAddressOf(request.ip);
  return { ...(userAgent && { userAgent }), ...(ipAddress && { ipAddress }), amr };
}

/**
 * The IP address in `request.ip`, or undefined if there is none. Some proxies forward an address with its port, and some
 * forward any text that was sent to them, which may be markup.
 */
export function ipAddressOf(forwarded = ''): string | undefined {
  if (forwarded.length > MAX_ADDRESS) return undefined;
  if (isIP(forwarded)) return forwarded;
  const [, bracketed, plain] = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?::\d+)?$/i.exec(forwarded) ?? [];
  const address = bracketed ?? plain ?? '';
  return isIP(address) ? address : undefined;
}

function cleaned(text: string | undefined, longest: number): string | undefined {
  // Cut first: a header of a megabyte must not cost more than one of 512 characters. A cut in the middle of a pair
  // leaves half a character, which PostgreSQL would refuse.
  return text
    ?.slice(0, longest)
    .replace(/[\p{Cc}\p{Cs}]/gu, '')
    .trim();
}
