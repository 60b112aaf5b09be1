import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

type Headers = (request: IncomingMessage, response: ServerResponse) => void;

/** The policy of API responses: a browser may load nothing. */
const API_POLICY = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/** The policy of Swagger UI: its scripts, its inline styles and icons, and requests to this server. */
const DOCS_POLICY = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'img-src': ["'self'", 'data:'],
  'font-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

/** Sets the security headers, and `Cache-Control: no-store`, which a controller may override. */
export function securityHeaders(docsPath: string | false, strictTransportSecurity: boolean): Headers {
  const api = helmetOf(API_POLICY, strictTransportSecurity);
  const docs = helmetOf(DOCS_POLICY, strictTransportSecurity);
  return (request, response) => {
    (isWithin(docsPath, request.url ?? '/') ? docs : api)(request, response);
    response.setHeader('Cache-Control', 'no-store');
  };
}

function helmetOf(directives: Record<string, string[]>, strictTransportSecurity: boolean): Headers {
  const set = helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    strictTransportSecurity: strictTransportSecurity && { maxAge: 31_536_000, includeSubDomains: true },
    xFrameOptions: { action: 'deny' },
  });
  return (request, response) => set(request, response, throwIfFailed);
}

/** Returns the security headers of an API response by name. */
export function apiHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  const recorder = {
    setHeader: (name: string, value: string) => (headers[name] = value),
    removeHeader: () => undefined,
  };
  helmetOf(API_POLICY, false)({} as IncomingMessage, recorder as unknown as ServerResponse);
  return headers;
}

/** Returns whether the URL is the path of Swagger UI or a path below it. */
export function isWithin(docsPath: string | false, url: string): boolean {
  if (docsPath === false || !url.startsWith(docsPath)) return false;
  const next = url[docsPath.length];
  return next === undefined || next === '/' || next === '?';
}

// Never send a response without its security headers.
function throwIfFailed(cause?: unknown): void {
  if (cause !== undefined) throw new Error('The security headers could not be set.', { cause });
}
