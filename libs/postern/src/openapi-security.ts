import type { INestApplication } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { AUTH_SETTINGS } from 'postern/auth';
import type { AuthSettings, TokenSource } from 'postern/auth';
import type { DescribedRoute } from './openapi-routes.js';

type Scheme = Exclude<
  NonNullable<NonNullable<OpenAPIObject['components']>['securitySchemes']>[string],
  { $ref: string }
>;

const BEARER = `An access token (RFC 6750, RFC 9068). Paste the token without the word Bearer. \`POST /auth/login\` on this page sets the token automatically.

A user has the permissions of its roles, and an administrator has all. A service has the permissions that the scopes of its token name. In the
environment of Postern's own server, \`npm run --silent token -- --scope users:read --subject explorer\` prints a token of a service.`;

/** The security schemes by their names: one for each place in which the guard accepts a token. */
export function securitySchemesOf(app: INestApplication): ReadonlyMap<string, Scheme> {
  const schemes = new Map<string, Scheme>();
  for (const source of sourcesOf(app)) {
    const [name, scheme] = schemeOf(source);
    schemes.set(schemes.has(name) ? `${name}${schemes.size + 1}` : name, scheme);
  }
  return schemes;
}

/** The alternatives of a route. The empty one means that it also accepts requests without a token. */
export function securityOf({ guardedBy }: DescribedRoute, schemes: readonly string[]): Record<string, string[]>[] {
  if (guardedBy === undefined) return [];
  const alternatives = schemes.map((name) => ({ [name]: [...guardedBy.scopes, ...guardedBy.permissions] }));
  return [...(guardedBy.isOptional ? [{}] : []), ...alternatives];
}

function sourcesOf(app: INestApplication): readonly TokenSource[] {
  try {
    return app.get<AuthSettings>(AUTH_SETTINGS, { strict: false }).tokenSources ?? ['authorization'];
  } catch {
    // Without AuthModule, no route is guarded.
    return ['authorization'];
  }
}

function schemeOf(source: TokenSource): [string, Scheme] {
  if (source === 'authorization') {
    return ['bearer', { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: BEARER }];
  }
  if ('cookie' in source) {
    const description = 'An access token in a cookie. Other methods than GET and HEAD need a page of the same origin.';
    return ['cookie', { type: 'apiKey', in: 'cookie', name: source.cookie, description }];
  }
  if ('header' in source) {
    return ['header', { type: 'apiKey', in: 'header', name: source.header, description: 'An access token.' }];
  }
  const description = 'An access token, for GET and HEAD. Other servers may log the URL.';
  return ['query', { type: 'apiKey', in: 'query', name: source.query, description }];
}
