import { Injectable } from '@nestjs/common';
import { OriginNotAllowedError, ServiceTokenUnavailableError } from '../outbound.errors.js';
import { ServiceCredentials } from '../services/service-credentials.js';
import type { CallIdentity } from '../services/called-service.js';

/** The options of the built-in `fetch`, and as whom the call is sent. */
export interface ServiceFetchOptions extends RequestInit {
  /** Default: `as` of the service. */
  readonly as?: CallIdentity | undefined;
}

const UNAUTHORIZED = 401;

/**
 * Calls a service with its token. The token goes to the origins of the settings and to no other: a redirect to another
 * origin is followed without it.
 *
 * @example
 * ```ts
 * const answer = await this.services.fetch('https://billing.acme.internal/invoices', { as: 'user' });
 * ```
 */
@Injectable()
export class ServiceFetch {
  constructor(private readonly credentials: ServiceCredentials) {
    // Libraries take it as a function, without its object.
    this.fetch = this.fetch.bind(this);
  }

  /**
   * Takes the arguments of the built-in `fetch`. It replaces a header `authorization`. After 401, a call as the service
   * is sent once more with a new token, unless its body is a stream.
   *
   * @throws OriginNotAllowedError, ServiceTokenUnavailableError, CallerTokenMissingError, CallerTokenAudienceError
   */
  async fetch(input: string | URL | Request, { as, ...options }: ServiceFetchOptions = {}): Promise<Response> {
    const url = new URL(input instanceof Request ? input.url : input);
    const call = this.credentials.at(url, as);
    if (call === undefined) throw new OriginNotAllowedError(url.origin);
    const authorization = await call.authorization();
    const response = await send(input, options, authorization);
    if (response.status !== UNAUTHORIZED || call.as === 'user' || !isRepeatable(input, options)) return response;
    // The 401 of another origin says nothing about the token, which was not sent there.
    if (response.redirected && new URL(response.url).origin !== url.origin) return response;
    const renewed = await call.authorization(authorization.slice('Bearer '.length)).catch(undefinedIfUnavailable);
    if (renewed === undefined || renewed === authorization) return response;
    await response.body?.cancel();
    return send(input, options, renewed);
  }
}

function send(input: string | URL | Request, options: RequestInit, authorization: string): Promise<Response> {
  const headers = new Headers(options.headers ?? (input instanceof Request ? input.headers : undefined));
  headers.set('authorization', authorization);
  // The Fetch standard removes this header when it follows a redirect to another origin.
  return fetch(input, { ...options, headers });
}

function isRepeatable(input: string | URL | Request, { body }: RequestInit): boolean {
  if (body === undefined || body === null) return !(input instanceof Request) || input.body === null;
  return !(body instanceof ReadableStream) && !(Symbol.asyncIterator in Object(body));
}

/** The answer of the service says more than an error of the issuer. */
function undefinedIfUnavailable(error: unknown): undefined {
  if (!(error instanceof ServiceTokenUnavailableError)) throw error;
}
