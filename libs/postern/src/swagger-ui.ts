import { Logger } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import { CheckedMailSettings } from 'postern/mail';
import { documentOf } from './openapi-document.js';
import type { DocumentSettings } from './openapi-document.js';
import { routesOf } from './openapi-routes.js';
import { afterResponse, beforeRequest, preparePage } from './swagger-ui-session.js';

/** The settings of Swagger UI and the document. */
export interface DocsSettings extends DocumentSettings {
  /** Whether the page and the document are public in production, too. Default: `false`. */
  readonly inProduction?: boolean | undefined;
}

/**
 * Serves Swagger UI at `/docs` and the OpenAPI 3.1 document at `/docs-json` and `/docs-yaml`. After a login the page
 * sends the access token, renews it before it expires, and deletes it at logout. In production (`production: true` of
 * `PosternModule` or `MailModule`) it logs a line and serves nothing, unless `inProduction` is set.
 *
 * @throws Error if two routes have the same operationId
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
  // Report duplicate operationIds at boot, and not when a user opens the page.
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
      tryItOutEnabled: true,
      // The URL of the page must not select another document (CVE-2018-25031).
      queryConfigEnabled: false,
    },
  });
}

function isProduction(app: INestApplication): boolean {
  try {
    return app.get(CheckedMailSettings, { strict: false }).production;
  } catch {
    // Without MailModule there is no setting.
    return false;
  }
}
