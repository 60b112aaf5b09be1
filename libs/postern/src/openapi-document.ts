import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { problemSchema } from 'postern/problem';
import { exemplify } from './openapi-examples.js';
import { refusalResponsesOf } from './openapi-refusals.js';
import { routesOf } from './openapi-routes.js';

/** What the document says of the service itself. */
export interface DocumentSettings {
  /** Default: Postern. */
  readonly title?: string;
  readonly description?: string;
  /** The version of the service, as its owner counts. */
  readonly version?: string;
}

const DESCRIPTION = `Accounts, sessions and tokens. Sign in with \`POST /auth/login\` on this page: the page is authorised by itself,
renews its token before it expires, and \`POST /auth/logout\` takes it away.

Every refusal is a problem (RFC 9457, \`application/problem+json\`) with a stable \`code\`; the routes list theirs. Any request may
moreover meet \`500 internal-error\`, and what is no HTTP that this server reads \`400 malformed-request\`, \`408 request-timeout\`,
\`417 expectation-failed\` or \`431 request-header-fields-too-large\`.`;

const BEARER = `An access token (RFC 6750, RFC 9068). Paste it alone, without the word Bearer; \`POST /auth/login\` on this page does so by itself.

A user's token has the scopes that the application's \`ClaimsProvider\` gives, by default none. With the environment of Postern's own
server \`npm run --silent token -- --scope users:read --subject explorer\` prints a token that has some.`;

/** Stands in a name between the route and its version, until it is known whether there are several. */
const BEFORE_VERSION = ' ';

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

/**
 * The OpenAPI 3.1 document of the running application. Padlocks, scopes and errors are read from what the guard and the
 * handlers carry, so that they cannot drift from what the routes do.
 *
 * @throws Error when two routes cannot be told apart by an operationId
 */
export function documentOf(app: INestApplication, settings: DocumentSettings = {}): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(settings.title ?? 'Postern')
    .setDescription(settings.description ?? DESCRIPTION)
    .setVersion(settings.version ?? '1')
    // Relative to the document itself, so that it holds behind a proxy that takes a path away.
    .addServer('./', 'Where this document is served.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: BEARER }, 'bearer')
    .build();
  const routes = routesOf(app);
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method, version) => {
      // A route with several paths comes once for each, as `method[0]`, `method[1]`.
      const [, name = method, place = ''] = /^(.*?)(\[\d+\])?$/.exec(method) ?? [];
      const route = routes.find((one) => one.controller === controller && one.method === name);
      return [`${route?.operationId ?? name}${place}`, version ?? ''].join(BEFORE_VERSION);
    },
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: problemSchema },
  };

  const byId = new Map(routes.map((route) => [route.operationId, route]));
  const versions = countVersions(document);
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      if (operation === undefined) continue;
      const [id = '', version = ''] = operation.operationId?.split(BEFORE_VERSION) ?? [];
      operation.operationId =
        versions.get(id) === 1 ? id : `${id}${version.charAt(0).toUpperCase()}${version.slice(1)}`;
      const route = byId.get(id.replace(/\[\d+\]$/, ''));
      if (route === undefined) continue;
      const schemas = document.components.schemas ?? {};
      const scopes = route.guardedBy?.scopes ?? [];
      operation.security = route.guardedBy === undefined ? [] : [{ bearer: [...scopes] }];
      // The page shows a padlock and no scopes.
      if (scopes.length > 0) operation.description = `${operation.description ?? ''}\n\n${needOf(scopes)}`.trim();
      operation.responses = { ...operation.responses, ...refusalResponsesOf(route, method, operation, schemas) };
      exemplify(operation, schemas);
    }
  }
  return document;
}

/** How many operations have each name: a route of several versions comes once for each. */
function countVersions(document: OpenAPIObject): ReadonlyMap<string, number> {
  const versions = new Map<string, number>();
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const id = path[method]?.operationId?.split(BEFORE_VERSION, 1)[0];
      if (id !== undefined) versions.set(id, (versions.get(id) ?? 0) + 1);
    }
  }
  return versions;
}

function needOf(scopes: readonly string[]): string {
  return `Needs the scope ${scopes.map((scope) => `\`${scope}\``).join(' and ')}.`;
}
