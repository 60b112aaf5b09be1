import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { problemSchema } from 'postern/problem';
import { exemplify } from './openapi-examples.js';
import { refusalResponsesOf } from './openapi-problems.js';
import { capitalised, nameHandlers, routesOf } from './openapi-routes.js';

/** What the document says of the service itself. */
export interface DocumentSettings {
  /** Default: Postern. */
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** The version of the service, as its owner counts. */
  readonly version?: string | undefined;
}

const DESCRIPTION = `Accounts, sessions and tokens. Sign in with \`POST /auth/login\` on this page: the page is authorised by itself,
renews its token before it expires, and \`POST /auth/logout\` takes it away.

Every refusal is a problem (RFC 9457, \`application/problem+json\`) with a stable \`code\`; the routes list theirs. Any request may
moreover meet \`500 internal-error\`, and what is no HTTP that this server reads \`400 malformed-request\`, \`408 request-timeout\`,
\`413 payload-too-large\`, \`417 expectation-failed\` or \`431 request-header-fields-too-large\`.`;

const BEARER = `An access token (RFC 6750, RFC 9068). Paste it alone, without the word Bearer; \`POST /auth/login\` on this page does so by itself.

A user's token has the scopes that the application's \`ClaimsProvider\` gives, by default none. With the environment of Postern's own
server \`npm run --silent token -- --scope users:read --subject explorer\` prints a token that has some.`;

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

/**
 * The OpenAPI 3.1 document of the running application. Padlocks, scopes and errors are read from what the guard and the
 * handlers carry, so that they cannot drift from what the routes do.
 *
 * @throws Error when two routes cannot be told apart by an operationId
 */
export function documentOf(app: INestApplication, settings: DocumentSettings = {}): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(settings.title ?? 'Postern')
    .setDescription(settings.description ?? DESCRIPTION)
    .setVersion(settings.version ?? '1')
    // Relative to the document itself, so that it holds behind a proxy that takes a path away.
    .addServer('.', 'Where this document is served.')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: BEARER }, 'bearer');
  // What a team serves under a title of its own is under a licence of its own, too.
  if (settings.title === undefined) builder.setLicense('MIT', 'https://opensource.org/license/mit');
  const config = builder.build();
  const routes = routesOf(app);
  const byId = new Map(routes.map((route) => [route.operationId, route]));
  nameHandlers(app);
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method, version = '') => {
      // A route with several paths comes once for each, as `method[0]`, `method[1]`.
      const [, name = method, place = ''] = /^(.*?)(\[\d+\])?$/.exec(method) ?? [];
      const route = routes.find((one) => one.controller === controller && one.method === name);
      // Of several versions each has its own, as `openV1`, `openV2`.
      const suffix = route?.hasVersions && place === '' ? capitalised(version) : '';
      const id = `${route?.operationId ?? name}${place}${suffix}`;
      if (route !== undefined) byId.set(id, route);
      return id;
    },
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, Problem: problemSchema },
  };

  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      // One handler of all methods comes once for each, as `name_get`, `name_post`.
      const id = operation?.operationId ?? '';
      const route = byId.get(id) ?? byId.get(id.replace(new RegExp(`_${method}$`), ''));
      if (operation === undefined || route === undefined) continue;
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

function needOf(scopes: readonly string[]): string {
  return `Needs the scope ${scopes.map((scope) => `\`${scope}\``).join(' and ')}.`;
}
