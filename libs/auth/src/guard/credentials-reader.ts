import { Inject, Injectable } from '@nestjs/common';
import { MissingTokenError, reject } from '../auth.errors.js';
import { assertAllHeadersRead, bearerCredentialsOf, credentialsWith, tokenIn } from './bearer-token.js';
import { queryTokenOf } from './query-token.js';
import { assertSameOrigin } from './same-origin.js';
import { AUTH_SETTINGS } from '../settings/auth-settings.js';
import { DEFAULT_TOKEN_SOURCES } from '../settings/token-sources.js';
import { AccessTokenVerifier } from '../tokens/access-token-verifier.js';
import type { ExecutionContext } from '@nestjs/common';
import type { AuthSettings } from '../settings/auth-settings.js';
import type { TokenSource } from '../settings/token-sources.js';
import type { CredentialsCarrier } from './bearer-token.js';

/** Returns the bearer credentials of a request, from the places that the settings name. */
export type ReadCredentials = (request: CredentialsCarrier, context?: ExecutionContext) => string;

const readers = new WeakMap<AccessTokenVerifier, ReadCredentials>();

/** The function of the application that the verifier belongs to. A guard finds it without a further dependency. */
export function credentialsReaderOf(verifier: AccessTokenVerifier): ReadCredentials {
  return readers.get(verifier) ?? bearerCredentialsOf;
}

/** Chooses how the guard and the strategy of the application read the credentials of a request. */
@Injectable()
export class CredentialsReader {
  constructor(
    @Inject(AUTH_SETTINGS) { tokenSources }: Pick<AuthSettings, 'tokenSources'>,
    verifier: AccessTokenVerifier,
  ) {
    readers.set(verifier, readerOf(tokenSources ?? DEFAULT_TOKEN_SOURCES));
  }
}

function readerOf(sources: readonly TokenSource[]): ReadCredentials {
  // The default has no overhead.
  if (sources.length === 1 && sources[0] === 'authorization') return bearerCredentialsOf;
  const origins = sources.flatMap((source) => (hasCookie(source) ? (source.origins ?? []) : []));
  return (request, context) => {
    const found = sources.map((source) => tokenFrom(source, request, context));
    const tokens = found.filter((token) => token !== undefined);
    if (tokens.length === 0) throw new MissingTokenError();
    // RFC 6750 §2: a client must not use more than one method. Equal tokens leave no doubt.
    if (new Set(tokens).size > 1) return reject('different tokens in several places of the request');
    assertAllHeadersRead(request);
    const isFromCookies = sources.every((source, at) => found[at] === undefined || hasCookie(source));
    if (isFromCookies) assertSameOrigin(request, origins);
    return credentialsWith(tokens[0]!);
  };
}

function tokenFrom(
  source: TokenSource,
  request: CredentialsCarrier,
  context: ExecutionContext | undefined,
): string | undefined {
  if (source === 'authorization') return bearerTokenOf(request);
  if (hasCookie(source)) return cookieOf(request, source.cookie);
  return 'header' in source ? headerOf(request, source.header) : queryTokenOf(request, source.query, context);
}

const hasCookie = (source: TokenSource): source is Extract<TokenSource, { readonly cookie: string }> =>
  source !== 'authorization' && 'cookie' in source;

/** @throws InvalidTokenError if the request presents several tokens or an empty one */
function bearerTokenOf(request: CredentialsCarrier): string | undefined {
  if (request.headers.authorization === undefined) return undefined;
  try {
    return tokenIn(bearerCredentialsOf(request));
  } catch (error) {
    if (error instanceof MissingTokenError) return undefined;
    throw error;
  }
}

/**
 * @throws InvalidTokenError if the cookie occurs twice: a sibling domain may have set one of them
 * @see RFC 6265 §4.2.1
 */
function cookieOf({ headers }: CredentialsCarrier, name: string): string | undefined {
  const { cookie } = headers as { readonly cookie?: unknown };
  if (typeof cookie !== 'string') return undefined;
  const values = cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1).replace(/^"(.*)"$/, '$1'));
  if (values.length > 1) return reject('more than one cookie of the name');
  // A log-out leaves an empty cookie.
  return values[0] === '' ? undefined : values[0];
}

function headerOf({ headers }: CredentialsCarrier, name: string): string | undefined {
  const value = (headers as Readonly<Record<string, unknown>>)[name.toLowerCase()];
  if (typeof value !== 'string' || value === '') return undefined;
  // Node joins several headers of one name with a comma.
  if (value.includes(',')) return reject('more than one header of the name');
  return value.replace(/^bearer +/i, '');
}
