export { hardenHttp } from './harden-http.js';
export { createHttpAdapter } from './http-adapter.js';

export type { HttpSettings } from './http-settings.js';
