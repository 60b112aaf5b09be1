import type { RequestLike } from 'postern/sessions';

/** Returns `Accept-Language` of the request. */
export function acceptLanguageOf(request: RequestLike | undefined): string | undefined {
  return request?.headers['accept-language']?.toString();
}
