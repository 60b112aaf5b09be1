import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Clock, SystemClock } from 'postern/auth';
import { missingSettings } from 'postern/problem';
import { CallerInterceptor, MessageCallers } from './callers/caller.interceptor.js';
import { CurrentToken } from './callers/current-token.js';
import { ForwardedTokens, UserTokens } from './callers/user-tokens.js';
import { HttpTokens } from './clients/http-tokens.js';
import { ServiceClients } from './clients/service-clients.js';
import { ServiceFetch } from './clients/service-fetch.js';
import { ConfigurableOutboundModule, OUTBOUND_SETTINGS } from './outbound.module-definition.js';
import { CalledServices } from './services/called-services.js';
import { ServiceCredentials } from './services/service-credentials.js';
import { ClientCredentialsTokens } from './tokens/client-credentials-tokens.js';
import { FileTokens } from './tokens/file-tokens.js';
import { NoServiceTokens } from './tokens/no-service-tokens.js';
import { ServiceTokens } from './tokens/service-tokens.js';
import type { DynamicModule, Provider } from '@nestjs/common';
import type {
  ASYNC_OPTIONS_TYPE,
  OPTIONS_TYPE,
  OutboundSettings,
  OutboundStructure,
} from './outbound.module-definition.js';

/**
 * Calls other services with tokens: as this application, or for the user whose request is handled. It needs no
 * database. The application imports it once.
 *
 * @example
 * ```ts
 * OutboundModule.forRoot({
 *   issuer: 'https://id.acme.com',
 *   clientId: 'orders',
 *   clientSecret,
 *   services: { billing: { audience: 'billing', origins: ['https://billing.acme.internal'] } },
 * })
 * ```
 */
@Module({ providers: [missingSettings('OutboundModule', OUTBOUND_SETTINGS)] })
export class OutboundModule extends ConfigurableOutboundModule {
  /** Takes settings and structure in one object. */
  static override forRoot(options: typeof OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRoot(options), options);
  }

  /** Takes the settings from a factory or a class, and the structure synchronously. */
  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withStructure(super.forRootAsync(options), options);
  }
}

function withStructure(module: DynamicModule, structure: OutboundStructure): DynamicModule {
  return {
    ...module,
    imports: [...(module.imports ?? []), ...(structure.imports ?? [])],
    providers: [
      ...(module.providers ?? []),
      {
        provide: CalledServices,
        inject: [OUTBOUND_SETTINGS],
        useFactory: (settings: OutboundSettings) => new CalledServices(settings),
      },
      serviceTokensOf(structure),
      { provide: UserTokens, useClass: structure.userTokens ?? ForwardedTokens },
      CurrentToken,
      { provide: APP_INTERCEPTOR, useClass: CallerInterceptor },
      MessageCallers,
      ServiceCredentials,
      ServiceFetch,
      HttpTokens,
      ServiceClients,
    ],
    exports: [
      ...(module.exports ?? []),
      ServiceTokens,
      UserTokens,
      CurrentToken,
      ServiceCredentials,
      ServiceFetch,
      HttpTokens,
      ServiceClients,
    ],
  };
}

function serviceTokensOf({ serviceTokens }: OutboundStructure): Provider {
  if (serviceTokens) return { provide: ServiceTokens, useClass: serviceTokens };
  return {
    provide: ServiceTokens,
    // An application that accepts no calls has no `AuthModule`, and so no clock of it.
    inject: [OUTBOUND_SETTINGS, CalledServices, { token: Clock, optional: true }],
    useFactory: (settings: OutboundSettings, checked: CalledServices, clock: Clock = new SystemClock()) => {
      const { tokenFile, clientId } = checked;
      if (tokenFile !== undefined) return new FileTokens(tokenFile, clock);
      const isClient = clientId !== undefined || checked.isAnyCalledAsService;
      return isClient ? new ClientCredentialsTokens(settings, checked, clock) : new NoServiceTokens();
    },
  };
}
