const EXAMPLE = 'write "smtp://user:password@host:587" or "smtps://user:password@host:465"';

/** The connection to an SMTP server. */
export interface SmtpConnection {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte. */
  readonly secure: boolean;
  /** No mail without STARTTLS. */
  readonly requireTLS: boolean;
  readonly ignoreTLS: boolean;
  readonly auth?: { readonly user: string; readonly pass: string };
}

/**
 * Reads `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465` (TLS). A server that does not offer STARTTLS is
 * rejected unless it is on this machine: otherwise, an attacker in the network could remove the offer and read the
 * password and each link. `?tls=off` sends without TLS.
 * @throws Error without the address, which may have a password
 * @see RFC 8314
 */
export function smtpConnectionOf(address: unknown): SmtpConnection {
  if (typeof address !== 'string' || !/^smtps?:\/\/[^/]/.test(address) || !URL.canParse(address)) {
    throw new Error(`MailModule: "smtpUrl" must be the address of an SMTP server: ${EXAMPLE}.`);
  }
  const url = new URL(address);
  const tls = url.searchParams.get('tls');
  const isStray = [...url.searchParams.keys()].some((name) => name !== 'tls') || (tls !== null && tls !== 'off');
  if (isStray || !['', '/'].includes(url.pathname) || url.hash !== '') {
    throw new Error(
      `MailModule: "smtpUrl" may have no path and no parameter but tls=off; percent-encode special characters of the password: ${EXAMPLE}.`,
    );
  }
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const user = decoded(url.username);
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    ignoreTLS: tls === 'off',
    requireTLS: !secure && tls !== 'off' && !isLoopback(host),
    ...(user !== '' && { auth: { user, pass: decoded(url.password) } }),
  };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d+){3}$/.test(host);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error(`MailModule: "smtpUrl" has a user or password with a wrong percent-encoding: ${EXAMPLE}.`);
  }
}
