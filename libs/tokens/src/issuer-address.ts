/** Hosts that only this machine can reach. */
const LOOPBACK: readonly unknown[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The problem with an issuer URL, as a predicate that follows the name of the setting; `undefined` if the URL is
 * valid. The text never quotes the URL, because the URL may contain a password.
 *
 * @param production whether `http` is allowed for loopback hosts only
 * @see RFC 8414 §2: an `https` URL without query and fragment; clients append the paths of the routes
 */
export function issuerProblem(issuer: unknown, production = false): string | undefined {
  if (typeof issuer !== 'string' || !/^https?:\/\//i.test(issuer) || !URL.canParse(issuer)) {
    return 'must be an address that begins with https:// or http://, such as https://id.example.com.';
  }
  if (/[?#]/.test(issuer)) return 'must be without query and fragment.';
  const { username, password, protocol, hostname } = new URL(issuer);
  if (/\s/.test(issuer) || username !== '' || password !== '') return 'must be without user, password and blanks.';
  if (production && protocol !== 'https:' && !LOOPBACK.includes(hostname)) {
    return 'must begin with https:// (RFC 8414 §2); http:// is for this machine alone.';
  }
  return undefined;
}
