const SCOPE_TOKEN = '[\\x21\\x23-\\x5b\\x5d-\\x7e]+';
const ONE_SCOPE = new RegExp(`^${SCOPE_TOKEN}$`);
const SCOPE_LIST = new RegExp(`^${SCOPE_TOKEN}(?: ${SCOPE_TOKEN})*$`);

/**
 * Whether the value is a single scope. A space would make it several.
 *
 * @see RFC 6749 §3.3, `scope-token`
 */
export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && ONE_SCOPE.test(value);
}

/**
 * Whether the value is a well-formed claim `scope`: scopes with one space between them.
 *
 * @see RFC 6749 §3.3, `scope`
 */
export function isScopeList(value: unknown): value is string {
  return typeof value === 'string' && SCOPE_LIST.test(value);
}
