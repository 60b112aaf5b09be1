/** The hosts at which only this machine reaches a server. */
const LOOPBACK: readonly unknown[] = ['localhost', '127.0.0.1', '[::1]'];

/**
 * What is wrong with the address of an issuer, as the end of a sentence that begins with the name of the setting; `undefined` if
 * the address is sound. Text of the address is never part of it, since the address may hold a password.
 *
 * @param production whether this is a real deployment: `http` is then for the loopback addresses only
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
