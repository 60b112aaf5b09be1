/**
 * Whether the text is one scope as it stands in a token: a space would make several of it.
 *
 * @see RFC 6749 §3.3, `scope-token`
 */
export function isScopeToken(text: unknown): text is string {
  return typeof text === 'string' && /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(text);
}
