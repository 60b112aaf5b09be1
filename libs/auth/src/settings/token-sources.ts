import { setting, settings } from 'postern/problem';

/**
 * A place of the access token in a request: the `Authorization` header (RFC 6750 §2.1), a cookie, another header with
 * the token alone or with `Bearer`, or a parameter of the query of GET and HEAD requests (RFC 6750 §2.3).
 *
 * A browser sends a cookie with requests of other sites, too. A cookie is therefore accepted for GET, HEAD and OPTIONS,
 * and for other methods only if the request comes from a page of the same origin, or of one of `origins`.
 */
export type TokenSource =
  | 'authorization'
  | { readonly cookie: string; readonly origins?: readonly string[] | undefined }
  | { readonly header: string }
  | { readonly query: string };

export const DEFAULT_TOKEN_SOURCES: readonly TokenSource[] = ['authorization'];

/** RFC 9110 §5.6.2: the characters of a header's name and of a cookie's name. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const PARAMETER = /^[\w.~-]+$/;

/** Headers that have another meaning, or that Node does not pass on as one string. */
const RESERVED =
  /^(?:authorization|cookie|set-cookie|host|origin|content-.*|transfer-encoding|connection|upgrade|sec-.*)$/i;

interface SourceSettings {
  readonly cookie?: unknown;
  readonly origins?: unknown;
  readonly header?: unknown;
  readonly query?: unknown;
}

const SOURCE_SETTINGS = settings<SourceSettings>()('AuthModule: "tokenSources"', {
  cookie: setting.unchecked(),
  origins: setting.unchecked(),
  header: setting.unchecked(),
  query: setting.unchecked(),
});

/** @throws Error that names the setting and its allowed values */
export function checkTokenSources(sources: readonly TokenSource[] = DEFAULT_TOKEN_SOURCES): void {
  if (!Array.isArray(sources) || sources.length === 0) {
    throw new Error(`AuthModule: "tokenSources" must be a list with at least one source, such as ['authorization'].`);
  }
  for (const [position, source] of (sources as readonly TokenSource[]).entries()) {
    if (source === 'authorization') continue;
    const place = `AuthModule: "tokenSources[${position}]"`;
    const { cookie, origins, header, query } = SOURCE_SETTINGS.read(source, place);
    const isOne = [cookie, header, query].filter((name) => name !== undefined).length === 1;
    const isSound =
      isOne &&
      (cookie === undefined || isName(cookie, NAME)) &&
      (header === undefined || (isName(header, NAME) && !RESERVED.test(header))) &&
      (query === undefined || isName(query, PARAMETER));
    if (!isSound) {
      throw new Error(
        `${place} must be 'authorization', { cookie: '__Host-access' }, { header: 'X-Access-Token' } or { query: 'access_token' }.`,
      );
    }
    if (origins !== undefined && (cookie === undefined || !isListOfOrigins(origins))) {
      throw new Error(`${place}: "origins" belongs to a cookie, and lists origins such as https://app.example.com.`);
    }
  }
  const places = sources.map((source) => JSON.stringify(source).toLowerCase());
  if (new Set(places).size < places.length) throw new Error('AuthModule: "tokenSources" names a source twice.');
}

function isName(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

function isListOfOrigins(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every((origin) => typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin)
  );
}
