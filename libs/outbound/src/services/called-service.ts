import { isLoopback } from 'postern/auth/outgoing-calls';
import { isScopeToken } from 'postern/jws';

/** As whom a call is sent: as this application, or for the user whose request is handled. */
export type CallIdentity = 'service' | 'user';

/** A service that this application calls. */
export interface CalledServiceSettings {
  /** The `aud` that the service accepts. */
  readonly audience: string;
  /** The scopes of this application's own token for the service. Default: none. */
  readonly scopes?: readonly string[] | undefined;
  /** The origins that `ServiceFetch` and `HttpTokens` send the token to, such as `https://billing.acme.internal`. */
  readonly origins?: readonly string[] | undefined;
  /** As whom calls are sent unless a call says otherwise. Default `service`. */
  readonly as?: CallIdentity | undefined;
}

/** A service of the settings, checked and complete. */
export interface CalledService {
  readonly name: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly origins: readonly string[];
  readonly as: CallIdentity;
}

const NAMES = new Set(['audience', 'scopes', 'origins', 'as']);

/**
 * Checks the settings of a service.
 *
 * @throws Error that names the setting and says what to write
 */
export function checkedService(name: string, settings: CalledServiceSettings, allowInsecure: boolean): CalledService {
  const place = `OutboundModule: "services.${name}"`;
  if (typeof settings !== 'object' || settings === null) throw new Error(`${place} must be an object of settings.`);
  const unknown = Object.keys(settings).find((key) => !NAMES.has(key));
  if (unknown !== undefined) {
    throw new Error(`${place} knows no setting "${unknown}"; there are: ${[...NAMES].join(', ')}.`);
  }
  const { audience, scopes = [], origins = [], as = 'service' } = settings;
  if (typeof audience !== 'string' || audience === '')
    throw new Error(`${place} needs "audience": the "aud" it accepts.`);
  if (!Array.isArray(scopes) || !scopes.every(isScopeToken))
    throw new Error(`${place}: "scopes" must be a list of scopes.`);
  if (as !== 'service' && as !== 'user') throw new Error(`${place}: "as" must be "service" or "user".`);
  if (!Array.isArray(origins)) throw new Error(`${place}: "origins" must be a list of origins.`);
  return {
    name,
    audience,
    scopes: [...(scopes as readonly string[])],
    origins: (origins as readonly string[]).map((origin) => checkedOrigin(place, origin, allowInsecure)),
    as,
  };
}

function checkedOrigin(place: string, origin: string, allowInsecure: boolean): string {
  const url = typeof origin === 'string' && URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || (origin !== url.origin && origin !== `${url.origin}/`)) {
    throw new Error(
      `${place}: "origins" has a value that is not an origin. Write it as "https://billing.acme.internal".`,
    );
  }
  // RFC 6750 §5.3: without TLS, each host on the way reads the token.
  if (url.protocol === 'http:' && !allowInsecure && !isLoopback(url)) {
    throw new Error(
      `${place}: ${url.origin} is not https. Write an https origin, or allow http by "allowInsecure: true".`,
    );
  }
  return url.origin;
}
