export { HealthController } from './health.controller.js';
export { createHttpAdapter, hardenHttp, type HttpSettings } from './http/index.js';
export { type DocumentSettings, documentOf } from './openapi-document.js';
export { PosternModule } from './postern.module.js';
export type { PosternSettings, PosternStructure } from './postern.module-definition.js';
export { type DocsSettings, serveDocs } from './swagger-ui.js';
