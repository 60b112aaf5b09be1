import { DiscoveredUrl, discoverTokenEndpoint, readBounded } from 'postern/auth/outgoing-calls';
import { readJsonObject } from 'postern/jws';
import { TokenRequestFailedError } from './token-request-failed.error.js';
import type { Clock } from 'postern/auth';
import type { FetchLimits } from 'postern/auth/outgoing-calls';

/** The parts of a response that are read. The response of the built-in `fetch` has them, too. */
export interface TokenEndpointAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
  readonly redirected?: boolean;
}

/** A function with the signature of `fetch`, for the requests to the issuer. It must not follow redirects. */
export type TokenEndpointFetch = (
  url: URL,
  options: {
    readonly redirect: 'manual';
    readonly signal: AbortSignal;
    readonly headers: Record<string, string>;
    readonly method?: 'POST';
    readonly body?: string;
  },
) => Promise<TokenEndpointAnswer>;

/** How the requests to the issuer are sent. */
export interface TokenEndpointSettings {
  readonly issuer: string;
  readonly tokenEndpoint?: string | undefined;
  readonly timeoutSeconds: number;
  readonly allowInsecure: boolean;
  readonly fetch?: TokenEndpointFetch | undefined;
}

/** A token of the issuer, with its lifetime in seconds. */
export interface TokenResponse {
  readonly text: string;
  readonly lifetimeSeconds: number;
  /** The scopes that the issuer has granted, if they differ from the requested ones. */
  readonly scopes: readonly string[] | undefined;
}

const MAX_BYTES = 65_536;
const MAX_DEPTH = 8;
/** RFC 6749 §5.1 recommends `expires_in`. Without it, the token is used for this time. */
const UNSTATED_LIFETIME_SECONDS = 300;
/** RFC 6750 §2.1. Another character could end the header. */
const B64TOKEN = /^[\w\-.~+/]+=*$/;

/** Whether the text can be a bearer token. */
export function isBearerToken(text: unknown): text is string {
  return typeof text === 'string' && B64TOKEN.test(text);
}

/** The token endpoint of an issuer. */
export class TokenEndpoint {
  private readonly address: DiscoveredUrl;

  constructor(
    private readonly settings: TokenEndpointSettings,
    private readonly clock: Clock,
  ) {
    const { issuer, tokenEndpoint } = settings;
    this.address = new DiscoveredUrl(async (limits) =>
      tokenEndpoint === undefined ? discoverTokenEndpoint(issuer, limits) : new URL(tokenEndpoint),
    );
  }

  /**
   * Requests a token.
   *
   * @param authenticate adds the authentication of the client to the headers or to the form
   * @throws TokenRequestFailedError, or the error of `fetch`
   * @see RFC 6749 §4.4, §5
   */
  async request(
    form: URLSearchParams,
    authenticate: (headers: Record<string, string>, form: URLSearchParams, endpoint: URL) => Promise<void>,
  ): Promise<TokenResponse> {
    const limits = this.limits();
    const endpoint = await this.address.find(limits, this.clock.now());
    const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' };
    await authenticate(headers, form, endpoint);
    const send: TokenEndpointFetch = this.settings.fetch ?? fetch;
    try {
      const { signal } = limits;
      const body = form.toString();
      return await readAnswer(await send(endpoint, { method: 'POST', redirect: 'manual', headers, body, signal }));
    } catch (error) {
      this.address.doubt();
      throw error;
    }
  }

  private limits(): FetchLimits {
    const { timeoutSeconds, allowInsecure, fetch: send } = this.settings;
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    return { timeoutSeconds, maximumBytes: MAX_BYTES, allowInsecure, signal, fetch: send };
  }
}

async function readAnswer(answer: TokenEndpointAnswer): Promise<TokenResponse> {
  const { status, headers } = answer;
  if (answer.redirected === true) throw new TokenRequestFailedError('the function "fetch" has followed a redirect');
  const body = readJsonObject(await readBounded(answer, MAX_BYTES), MAX_DEPTH);
  if (status !== 200) {
    throw new TokenRequestFailedError(
      `the token endpoint answered ${status || 'with a redirect'}${errorCodeIn(body)}`,
      retryAfterIn(headers.get('retry-after')),
    );
  }
  const { access_token: text, token_type: type, expires_in: lifetime, scope } = body ?? {};
  if (!isBearerToken(text)) throw new TokenRequestFailedError('the token endpoint answered without an access token');
  // RFC 6749 §7.1: a client must not use a token whose type it does not know.
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') {
    throw new TokenRequestFailedError('the token endpoint answered with a token that is not a bearer token');
  }
  // Some issuers write the number as a string.
  const seconds = Number(lifetime ?? UNSTATED_LIFETIME_SECONDS);
  if (!(seconds > 0)) throw new TokenRequestFailedError('the token endpoint answered with an expired token');
  return { text, lifetimeSeconds: seconds, scopes: typeof scope === 'string' ? scope.split(' ') : undefined };
}

/** The code alone (RFC 6749 §5.2): a description could quote the request. */
function errorCodeIn(body: Record<string, unknown> | undefined): string {
  return typeof body?.error === 'string' && /^[a-z_]{1,50}$/.test(body.error) ? ` (${body.error})` : '';
}

/** RFC 9110 §10.2.3: seconds or a date. */
function retryAfterIn(header: string | null): number | undefined {
  if (header === null) return undefined;
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return seconds > 0 ? seconds : undefined;
}
