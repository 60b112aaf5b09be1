import type { INestApplication } from '@nestjs/common';
import { ApplicationConfig } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { OpenAPIObject } from '@nestjs/swagger';
import { CheckedMailSettings } from 'postern/mail';
import { problemSchema } from 'postern/problem';
import { exemplify } from './openapi-examples.js';
import { errorResponsesOf } from './openapi-problems.js';
import { describeRights } from './openapi-rights.js';
import { capitalised, excludeDevelopmentRoutes, nameHandlers, routesOf } from './openapi-routes.js';
import type { DescribedRoute } from './openapi-routes.js';
import { securityOf, securitySchemesOf } from './openapi-security.js';

/** The settings of the document. */
export interface DocumentSettings {
  /** Default: Postern. */
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** The version of the service. */
  readonly version?: string | undefined;
}

const DESCRIPTION = `Accounts, sessions and tokens. Sign in with \`POST /auth/login\` on this page. The page then sends the access token with
each request and renews the token before it expires. \`POST /auth/logout\` removes the token.

Every error is a problem (RFC 9457, \`application/problem+json\`) with a stable \`code\`. Each route lists its errors. In addition, each
route can respond with \`500 internal-error\`. A request that is not valid HTTP gets \`400 malformed-request\`, \`408 request-timeout\`,
\`413 payload-too-large\`, \`417 expectation-failed\` or \`431 request-header-fields-too-large\`.`;

/** The tags of the product, in the order in which an explorer needs them. Other tags follow. */
const TAGS = [
  'First steps',
  'Authentication',
  'Accounts by mail',
  'Users',
  'Sessions',
  'Invitations',
  'Users (administration)',
  'Sessions (administration)',
  'Roles',
  'Keys',
  'Revocations',
  'Discovery',
  'Health',
];

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

/**
 * Returns the OpenAPI 3.1 document of the running application. Security, scopes and errors come from the metadata that
 * the guard and the handlers use, so that the document matches the routes.
 *
 * @throws Error if two routes have the same operationId
 */
export function documentOf(app: INestApplication, settings: DocumentSettings = {}): OpenAPIObject {
  excludeDevelopmentRoutes(app);
  const routes = routesOf(app);
  const builder = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle(settings.title ?? 'Postern')
    .setDescription((settings.description ?? DESCRIPTION) + mailboxOf(app, routes))
    .setVersion(settings.version ?? '1')
    // Relative to the document, so that it also works behind a proxy that removes a path prefix.
    .addServer('.', 'The server of this document.');
  const schemes = securitySchemesOf(app);
  for (const [name, scheme] of schemes) builder.addSecurity(name, scheme);
  // An application with its own title has its own licence.
  if (settings.title === undefined) builder.setLicense('MIT', 'https://opensource.org/license/mit');
  const config = builder.build();
  const byId = new Map(routes.map((route) => [route.operationId, route]));
  nameHandlers(app);
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method, version = '') => {
      // Swagger names a route with several paths `method[0]`, `method[1]`.
      const [, name = method, place = ''] = /^(.*?)(\[\d+\])?$/.exec(method) ?? [];
      const route = routes.find((candidate) => candidate.controller === controller && candidate.method === name);
      // Each of several versions has its own id, such as `openV1`, `openV2`.
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

  // Swagger UI shows declared tags first, in their order.
  const used = new Set(
    Object.values(document.paths).flatMap((path) => METHODS.flatMap((method) => path[method]?.tags ?? [])),
  );
  document.tags = [...TAGS.filter((name) => used.has(name)).map((name) => ({ name })), ...(document.tags ?? [])];
  for (const path of Object.values(document.paths)) {
    for (const method of METHODS) {
      const operation = path[method];
      // Swagger names a handler of all methods `name_get`, `name_post`.
      const id = operation?.operationId ?? '';
      const route = byId.get(id) ?? byId.get(id.replace(new RegExp(`_${method}$`), ''));
      if (operation === undefined || route === undefined) continue;
      const schemas = document.components.schemas ?? {};
      operation.security = securityOf(route, [...schemes.keys()]);
      if (route.guardedBy !== undefined) describeRights(operation, route.guardedBy);
      operation.responses = { ...operation.responses, ...errorResponsesOf(route, method, operation, schemas) };
      exemplify(operation, schemas);
    }
  }
  return document;
}

/** A sentence about the mailbox, which exists outside production. The link is relative to Swagger UI. */
function mailboxOf(app: INestApplication, routes: readonly DescribedRoute[]): string {
  if (!routes.some(({ method }) => method === 'showMailbox')) return '';
  if (app.get(CheckedMailSettings, { strict: false }).production) return '';
  const application = app.get(ApplicationConfig);
  const { exclude = [] } = application.getGlobalPrefixOptions();
  const isExcluded = exclude.some(({ pathRegex }) => pathRegex.test('/dev/mailbox'));
  const prefix = isExcluded ? '' : application.getGlobalPrefix().replace(/^\/+|\/+$/g, '');
  return `\n\nThe [mailbox](./${prefix === '' ? '' : `${prefix}/`}dev/mailbox) shows the mails that this server sends. It exists only outside production.`;
}
