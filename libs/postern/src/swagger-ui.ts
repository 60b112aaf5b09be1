import { Logger } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import { CheckedAccountsSettings } from 'postern/accounts';
import { documentOf } from './openapi-document.js';
import type { DocumentSettings } from './openapi-document.js';
import { routesOf } from './openapi-routes.js';
import { afterResponse, beforeRequest, preparePage } from './swagger-ui-session.js';

/** What the document says of the service, and where it is served. */
export interface DocsSettings extends DocumentSettings {
  /** Whether anybody may read the page and the document in production, too. Default: `false`. */
  readonly inProduction?: boolean | undefined;
}

/**
 * Serves Swagger UI at `/docs` and the OpenAPI 3.1 document at `/docs-json` and `/docs-yaml`. Signing in through the page
 * authorises it, the token is renewed before it expires, and logging out takes it away. In production (`production: true` of
 * `PosternModule` or `AccountsModule`) it serves nothing, and logs so, unless `inProduction` is set.
 *
 * @throws Error when two routes cannot be told apart by an operationId
 * @example
 * ```ts
 * const app = await NestFactory.create(AppModule, await createHttpAdapter('fastify'));
 * serveDocs(app, { title: 'Acme identity' });
 * ```
 */
export function serveDocs(app: INestApplication, settings: DocsSettings = {}): void {
  if (isProduction(app) && settings.inProduction !== true) {
    new Logger('Postern').log(
      'Swagger UI and the OpenAPI document are off in production. To serve them, write serveDocs(app, { inProduction: true }).',
    );
    return;
  }
  // What is wrong with the document's names is told at boot, and not to whoever opens the page.
  routesOf(app);
  SwaggerModule.setup('docs', app, () => documentOf(app, settings), {
    customSiteTitle: settings.title ?? 'Postern',
    customCss: '.swagger-ui .topbar { display: none }',
    swaggerOptions: {
      onComplete: preparePage,
      requestInterceptor: beforeRequest,
      responseInterceptor: afterResponse,
      displayOperationId: false,
      displayRequestDuration: true,
      docExpansion: 'list',
      tagsSorter: 'alpha',
      tryItOutEnabled: true,
      // The page must not be led to another document by its address (CVE-2018-25031).
      queryConfigEnabled: false,
    },
  });
}

function isProduction(app: INestApplication): boolean {
  try {
    return app.get(CheckedAccountsSettings, { strict: false }).production;
  } catch {
    // An application without AccountsModule has not said what it is.
    return false;
  }
}
