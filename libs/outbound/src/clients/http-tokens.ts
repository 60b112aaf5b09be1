import { Injectable } from '@nestjs/common';
import { ServiceCredentials } from '../services/service-credentials.js';
import type { CallIdentity } from '../services/called-service.js';
import type { CallCredentials } from '../services/service-credentials.js';

/** The part of axios's request that is used. The package is optional. */
interface AxiosRequest {
  headers: { set(name: string, value: string): unknown };
  beforeRedirect?: ((options: Redirect, ...rest: unknown[]) => void) | undefined;
  data?: unknown;
}

interface Redirect {
  readonly href?: string;
  readonly headers: Record<string, unknown>;
}

interface AxiosFailure {
  readonly config?: AxiosRequest;
  readonly response?: { readonly status: number };
}

/** `axiosRef` of `HttpService`, or an instance of axios. */
export interface AxiosInstance {
  readonly interceptors: {
    // oxlint-disable-next-line typescript/no-explicit-any -- axios's own type, which this lib does not import
    readonly request: { use(fulfilled: (request: any) => any): unknown };
    readonly response: { use(fulfilled: undefined, rejected: (failure: unknown) => unknown): unknown };
  };
  getUri(request?: never): string;
  request(request: never): Promise<unknown>;
}

/** A call that was sent with a token. */
interface SentCall {
  readonly call: CallCredentials;
  readonly authorization: string;
  readonly isRepeated: boolean;
}

type BeforeRedirect = NonNullable<AxiosRequest['beforeRedirect']>;

const UNAUTHORIZED = 401;

/**
 * Adds the token to the requests of an `HttpService` of `@nestjs/axios`. Requests to other origins than those of the
 * settings get none, also after a redirect.
 *
 * @example
 * ```ts
 * constructor(http: HttpService, tokens: HttpTokens) {
 *   tokens.addTo(http.axiosRef, { as: 'user' });
 * }
 * ```
 */
@Injectable()
export class HttpTokens {
  /** By the one function of a request that axios copies to its repetition as it is. */
  private readonly sent = new WeakMap<BeforeRedirect, SentCall>();

  constructor(private readonly credentials: ServiceCredentials) {}

  /** Call it once for an instance. After 401, a call as the service is sent once more with a new token. */
  addTo(axios: AxiosInstance, { as }: { readonly as?: CallIdentity | undefined } = {}): void {
    axios.interceptors.request.use((request: AxiosRequest) => this.authorize(axios, request, as));
    axios.interceptors.response.use(undefined, (failure) => this.repeat(axios, failure as AxiosFailure));
  }

  private async authorize(axios: AxiosInstance, request: AxiosRequest, as?: CallIdentity): Promise<AxiosRequest> {
    const text = axios.getUri(request as never);
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const call = url && this.credentials.at(url, as);
    if (call === undefined) return request;
    const earlier = request.beforeRedirect && this.sent.get(request.beforeRedirect);
    const authorization = await call.authorization(earlier?.authorization.slice('Bearer '.length));
    request.headers.set('authorization', authorization);
    request.beforeRedirect = withoutToken(url!.origin, request.beforeRedirect);
    this.sent.set(request.beforeRedirect, { call, authorization, isRepeated: earlier !== undefined });
    return request;
  }

  /** Sends a rejected request again. The interceptor of the repetition gets a new token. */
  private async repeat(axios: AxiosInstance, failure: AxiosFailure): Promise<never> {
    const { config: request, response } = failure;
    const sent = request?.beforeRedirect && this.sent.get(request.beforeRedirect);
    const isRepeatable =
      response?.status === UNAUTHORIZED &&
      sent?.isRepeated === false &&
      sent.call.as === 'service' &&
      !isStream(request);
    if (!isRepeatable) throw failure as Error;
    const renewed = await sent.call.authorization(sent.authorization.slice('Bearer '.length)).catch(() => undefined);
    if (renewed === undefined || renewed === sent.authorization) throw failure as Error;
    return axios.request(request as never) as Promise<never>;
  }
}

/** Redirects of older versions of axios keep the header for a subdomain of the host, which may be another service. */
function withoutToken(origin: string, next: BeforeRedirect | undefined): BeforeRedirect {
  return (redirect, ...rest) => {
    if (redirect.href === undefined || new URL(redirect.href).origin !== origin) {
      for (const name of Object.keys(redirect.headers)) {
        if (name.toLowerCase() === 'authorization') delete redirect.headers[name];
      }
    }
    next?.(redirect, ...rest);
  };
}

function isStream(request: AxiosRequest | undefined): boolean {
  return typeof Object(request?.data).pipe === 'function';
}
