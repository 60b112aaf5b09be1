import { ConfigurableModuleBuilder } from '@nestjs/common';
import { setting, settings } from 'postern/problem';
import type { ModuleMetadata, Type } from '@nestjs/common';
import type { KeyMaterial } from 'postern/jws';
import type { CalledServiceSettings } from './services/called-service.js';
import type { ServiceTokens } from './tokens/service-tokens.js';
import type { TokenEndpointFetch } from './tokens/token-endpoint.js';
import type { UserTokens } from './callers/user-tokens.js';

/** The settings of `OutboundModule`. Plain data, checked at boot. Durations in seconds. */
export interface OutboundSettings {
  /** The services that this application calls, by a name of your choice. */
  services: Readonly<Record<string, CalledServiceSettings>>;
  /** The issuer of this application's own tokens. Its metadata name the token endpoint (RFC 8414). */
  issuer?: string | undefined;
  /** The `client_id` of this application at the issuer. */
  clientId?: string | undefined;
  /** The secret of the client (`client_secret_basic`), or a function that reads it for every request. */
  clientSecret?: string | (() => string | Promise<string>) | undefined;
  /**
   * The private key of the client (`private_key_jwt`, RFC 7523) instead of a secret. The issuer has the
   * public key.
   */
  clientKey?: KeyMaterial | undefined;
  /** The URL of the token endpoint, if it is not on the origin of the issuer. Default: by discovery. */
  tokenEndpoint?: string | undefined;
  /**
   * How the token endpoint learns the audience: by `resource` (RFC 8707) or by `audience`. Default: `resource` if the
   * audience is a URL, else `audience`.
   */
  audienceParameter?: 'resource' | 'audience' | undefined;
  /**
   * A file with one token, instead of a client: of `npm run token`, or a projected volume of Kubernetes. A new content
   * is used within a second.
   */
  tokenFile?: string | undefined;
  /** The timeout of one request to the issuer. Default 5; 0.1 to 60. */
  timeoutSeconds?: number | undefined;
  /** Allows plain http to hosts other than loopback, for the issuer and for `origins`. Default false. */
  allowInsecure?: boolean | undefined;
  /** Sends the requests to the issuer: through a proxy, or with a client certificate. Default: the built-in `fetch`. */
  fetch?: TokenEndpointFetch | undefined;
}

/** The classes of `OutboundModule`. Read synchronously, also by `forRootAsync`. */
export interface OutboundStructure {
  /** The source of the own tokens (default: `FileTokens` with `tokenFile`, else `ClientCredentialsTokens`). */
  serviceTokens?: Type<ServiceTokens> | undefined;
  /** The token of a call for the user (default: `ForwardedTokens`). */
  userTokens?: Type<UserTokens> | undefined;
  /** Modules whose exports the classes above inject. */
  imports?: ModuleMetadata['imports'] | undefined;
}

export const SETTINGS = settings<OutboundSettings, OutboundStructure>()(
  'OutboundModule',
  {
    services: setting.unchecked<OutboundSettings['services']>(),
    issuer: setting.unchecked<string | undefined>(),
    clientId: setting.custom<string | undefined>(textProblem),
    clientSecret: setting.secret(),
    clientKey: setting.secret(),
    tokenEndpoint: setting.unchecked<string | undefined>(),
    audienceParameter: setting.custom<OutboundSettings['audienceParameter']>((value) =>
      value === undefined || value === 'resource' || value === 'audience'
        ? undefined
        : 'must be "resource" or "audience", or absent.',
    ),
    tokenFile: setting.custom<string | undefined>(textProblem),
    timeoutSeconds: setting.number(5, { min: 0.1, max: 60 }),
    allowInsecure: setting.flag(false),
    fetch: setting.custom<TokenEndpointFetch | undefined>((value) =>
      value === undefined || typeof value === 'function'
        ? undefined
        : 'must be a function with the signature of the built-in fetch.',
    ),
  },
  { serviceTokens: true, userTokens: true, imports: true },
);

export const {
  ConfigurableModuleClass: ConfigurableOutboundModule,
  MODULE_OPTIONS_TOKEN: OUTBOUND_SETTINGS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<OutboundSettings>({ moduleName: 'Outbound' })
  .setClassMethodName('forRoot')
  .setExtras<OutboundStructure>(SETTINGS.noStructure, (definition) => ({ ...definition, global: true }))
  .build();

function textProblem(value: unknown): string | undefined {
  return value === undefined || (typeof value === 'string' && value !== '') ? undefined : 'must be a string.';
}
