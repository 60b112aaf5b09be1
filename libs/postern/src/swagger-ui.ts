import type { INestApplication } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import { type DocumentSettings, documentOf } from './openapi-document.js';
import { routesOf } from './openapi-routes.js';
import { afterResponse, beforeRequest, preparePage } from './swagger-ui-session.js';

/**
 * Serves Swagger UI at `/docs` and the OpenAPI 3.1 document at `/docs-json` and `/docs-yaml`. Signing in through the page
 * authorises it, the token is renewed before it expires, and logging out takes it away.
 *
 * @throws Error when two routes cannot be told apart by an operationId
 * @example
 * const app = await NestFactory.create(AppModule, await createHttpAdapter('fastify'));
 * serveDocs(app, { title: 'Acme identity' });
 */
export function serveDocs(app: INestApplication, settings: DocumentSettings = {}): void {
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
