import type { IncomingMessage, ServerResponse } from 'node:http';
import helmet from 'helmet';

type Headers = (request: IncomingMessage, response: ServerResponse) => void;

/** What an answer of an API may do in a browser: nothing. */
const API_POLICY = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] };

/** What Swagger UI needs: its own scripts, its inlined styles and icons, and calls to this server. */
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

/** Sets the security headers of an answer, and `Cache-Control: no-store` until a controller says otherwise. */
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
  return (request, response) => set(request, response, failIfRefused);
}

/** The security headers of an answer of the API, by their names. */
export function apiHeaders(): Record<string, string> {
  const headers: Record<string, string> = {};
  const recorder = {
    setHeader: (name: string, value: string) => (headers[name] = value),
    removeHeader: () => undefined,
  };
  helmetOf(API_POLICY, false)({} as IncomingMessage, recorder as unknown as ServerResponse);
  return headers;
}

/** Whether the address is the page of the documentation, or one below it. */
export function isWithin(docsPath: string | false, url: string): boolean {
  if (docsPath === false || !url.startsWith(docsPath)) return false;
  const next = url[docsPath.length];
  return next === undefined || next === '/' || next === '?';
}

// An answer without its headers must not go out.
function failIfRefused(cause?: unknown): void {
  if (cause !== undefined) throw new Error('The security headers could not be set.', { cause });
}
