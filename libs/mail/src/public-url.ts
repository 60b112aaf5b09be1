/** Returns the text that follows the name of the setting in the error, or `undefined` if the public URL is valid. */
export function publicUrlProblem(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^https?:\/\/[^/]/.test(value) || !URL.canParse(value)) {
    return 'must be an address that begins with https:// or http://, such as https://id.acme.com.';
  }
  const { username, password } = new URL(value);
  const isPlain = !/[?#\s]/.test(value) && username === '' && password === '';
  return isPlain ? undefined : 'must be without user, password, blanks, query and fragment.';
}

/**
 * Returns the link to a path below the public URL.
 * @param path begins with one `/`
 * @param parameters the query
 * @throws Error if the path could name another host
 */
export function linkBelow(publicUrl: string, path: string, parameters: Readonly<Record<string, string>> = {}): string {
  if (!/^\/(?![/\\])/.test(path)) throw new Error('The path of a link in a mail must begin with one slash.');
  const query = new URLSearchParams(parameters).toString();
  return `${publicUrl.replace(/\/+$/, '')}${path}${query === '' ? '' : `?${query}`}`;
}
