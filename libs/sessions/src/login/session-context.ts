import { ipAddressOf } from 'postern/limits';

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

function cleaned(text: string | undefined, maxLength: number): string | undefined {
  // Cut first: a header of a megabyte must not cost more than one of 512 characters. A cut inside a surrogate pair
  // leaves a lone surrogate, which PostgreSQL rejects.
  return text
    ?.slice(0, maxLength)
    .replace(/[\p{Cc}\p{Cs}]/gu, '')
    .trim();
}
