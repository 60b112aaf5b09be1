import { completeCorsSettings, corsProblems } from './cors/cors-settings.js';
import type { CompleteCorsSettings, CorsSettings } from './cors/cors-settings.js';
import { trustedProxies } from './trusted-proxies.js';
import type { TrustedProxies } from './trusted-proxies.js';

/** The HTTP settings of an application. */
export interface HttpSettings extends CorsSettings {
  /** The maximum size of a body in bytes. Default: 102400 (100 KiB). A larger body is 413. */
  bodyLimitBytes?: number | undefined;
  /**
   * Whether routes on Express may read `multipart/form-data`, with Nest's `FileInterceptor` and its `limits`.
   * Default: `false` (415). The interceptors of `@nestjs/platform-fastify/multipart` do not need this setting.
   */
  multipart?: boolean | undefined;
  /** The time to receive headers and body, in seconds. Default: 30. A slower request is 408. */
  requestTimeoutSeconds?: number | undefined;
  /** The time-out of an idle connection in seconds. Default: 75, longer than the 60 of common load balancers. */
  keepAliveSeconds?: number | undefined;
  /**
   * The proxies that Postern trusts for `X-Forwarded-For` and `X-Request-Id`: their number, or their addresses
   * (`10.0.0.0/8, loopback`); `true` trusts every client. Default: `false`, no proxy. Postern accepts the request id
   * only from the peer of the connection.
   */
  trustProxy?: boolean | number | string | undefined;
  /** Whether browsers must use https (RFC 6797). Default: `false`. Set `true` behind TLS, as in production. */
  strictTransportSecurity?: boolean | undefined;
  /** The path of Swagger UI, whose security policy permits scripts, or `false`. Default: `/docs`. */
  docsPath?: string | false | undefined;
  /** See `ProblemSettings.documentation`. */
  documentation?: string | undefined;
}

/** The settings with every default filled in. */
export interface CompleteHttpSettings
  extends Required<Omit<HttpSettings, 'documentation' | keyof CorsSettings>>, CompleteCorsSettings {
  readonly documentation: string | undefined;
  /** The compiled `trustProxy`. */
  readonly trusts: TrustedProxies;
}

/**
 * Validates the settings and fills in the defaults.
 * @throws Error with a message that names the setting and the permitted values
 */
export function completeHttpSettings(settings: HttpSettings): CompleteHttpSettings {
  const complete: CompleteHttpSettings = {
    bodyLimitBytes: settings.bodyLimitBytes ?? 102_400,
    multipart: settings.multipart ?? false,
    requestTimeoutSeconds: settings.requestTimeoutSeconds ?? 30,
    keepAliveSeconds: settings.keepAliveSeconds ?? 75,
    ...completeCorsSettings(settings),
    trustProxy: settings.trustProxy ?? false,
    trusts: trustedProxies(settings.trustProxy ?? false),
    strictTransportSecurity: settings.strictTransportSecurity ?? false,
    docsPath: settings.docsPath ?? '/docs',
    documentation: settings.documentation,
  };
  for (const name of ['bodyLimitBytes', 'requestTimeoutSeconds', 'keepAliveSeconds'] as const) {
    if (!(Number.isFinite(complete[name]) && complete[name] > 0)) {
      throw new Error(`${name} is ${String(complete[name])}: write a number above 0.`);
    }
  }
  const [problem] = corsProblems(complete);
  if (problem !== undefined) throw new Error(problem.join(' '));
  if (complete.docsPath !== false && !/^\/[^/]/.test(complete.docsPath)) {
    throw new Error(`docsPath is "${complete.docsPath}": write a path such as /docs, or false.`);
  }
  return complete;
}

/**
 * Rejects Nest's `httpsOptions`, which the server does not read.
 * @throws Error if they are present
 */
export function rejectOwnTls(options: { httpsOptions?: unknown }): void {
  if (options.httpsOptions !== undefined) {
    throw new Error(
      'httpsOptions are not supported: terminate TLS at a proxy, and set trustProxy and an https issuer.',
    );
  }
}
