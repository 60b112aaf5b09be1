import { trustedProxies } from './trusted-proxies.js';
import type { TrustedProxies } from './trusted-proxies.js';

/** How the application meets the network. */
export interface HttpSettings {
  /** The largest body that is read, in bytes. Default 102400 (100 KiB); beyond it: 413. */
  bodyLimitBytes?: number | undefined;
  /**
   * Whether `multipart/form-data` is left unread on Express for the routes that take files, by Nest's `FileInterceptor` and its `limits`.
   * Default `false`: 415. On Fastify the interceptors of `@nestjs/platform-fastify/multipart` need nothing of this.
   */
  multipart?: boolean | undefined;
  /** How long a request may take to arrive, headers and body, in seconds. Default 30; beyond it: 408. */
  requestTimeoutSeconds?: number | undefined;
  /** How long an idle connection is kept, in seconds. Default 75: longer than the 60 of the common load balancers. */
  keepAliveSeconds?: number | undefined;
  /** The origins whose pages may call this, e.g. `https://app.example.com`, or `*`. Never with cookies. Default: none. */
  corsOrigins?: readonly string[] | undefined;
  /**
   * Who may tell the caller's address by `X-Forwarded-For`, and the request's id by `X-Request-Id`: the number of proxies
   * in front, or their addresses (`10.0.0.0/8, loopback`); `true` believes everybody. Default `false`: nobody. The id is
   * believed of the machine alone that the connection comes from.
   */
  trustProxy?: boolean | number | string | undefined;
  /** Whether to tell browsers to come by https only (RFC 6797). Default `false`; `true` behind TLS, so in production. */
  strictTransportSecurity?: boolean | undefined;
  /** Where Swagger UI is, or `false`: the one place whose policy lets a page run scripts. Default `/docs`. */
  docsPath?: string | false | undefined;
  /** See `ProblemSettings.documentation`. */
  documentation?: string | undefined;
}

/** The settings with every default in its place. */
export interface CompleteHttpSettings extends Required<Omit<HttpSettings, 'documentation'>> {
  readonly documentation: string | undefined;
  /** What `trustProxy` comes to. */
  readonly trusts: TrustedProxies;
}

/**
 * Checks the settings and completes them.
 * @throws Error with a sentence that says what to write
 */
export function completeHttpSettings(settings: HttpSettings): CompleteHttpSettings {
  const complete: CompleteHttpSettings = {
    bodyLimitBytes: settings.bodyLimitBytes ?? 102_400,
    multipart: settings.multipart ?? false,
    requestTimeoutSeconds: settings.requestTimeoutSeconds ?? 30,
    keepAliveSeconds: settings.keepAliveSeconds ?? 75,
    corsOrigins: settings.corsOrigins ?? [],
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
  for (const origin of complete.corsOrigins) {
    if (origin !== '*' && !isOrigin(origin)) {
      throw new Error(`corsOrigins has "${origin}": write an origin without a path, such as https://app.example.com.`);
    }
  }
  if (complete.docsPath !== false && !/^\/[^/]/.test(complete.docsPath)) {
    throw new Error(`docsPath is "${complete.docsPath}": write a path such as /docs, or false.`);
  }
  return complete;
}

const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

/**
 * Keeps Nest's `httpsOptions` from being ignored in silence.
 * @throws Error always when they are given
 */
export function refuseOwnTls(options: { httpsOptions?: unknown }): void {
  if (options.httpsOptions !== undefined) {
    throw new Error(
      'httpsOptions are not read here: end TLS at a proxy in front, and set trustProxy and an https issuer.',
    );
  }
}
