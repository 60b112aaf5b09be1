import { ConfigurableModuleBuilder } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { assertSamePackage, AuthErrorFilter } from 'postern/problem';
import { AUTH_SETTINGS } from './settings/auth-settings.js';
import { SETTINGS, validateSettings } from './settings/validate-settings.js';
import { Clock, SystemClock } from './revocations/clock.js';
import { ConfiguredVerificationKeys } from './keys/configured-verification-keys.js';
import { FeedRevocationSource } from './revocations/feed-revocation-source.js';
import { UnguardedHandlersCheck } from './access/unguarded-handlers.check.js';
import { GUARD_IS_GLOBAL } from './access/guard-metadata.js';
import { APPLICATION_CARRIERS } from './carriers/carriers.js';
import { MessageEnhancers } from './access/message-enhancers.js';
import { JwtAuthGuard } from './guard/jwt-auth.guard.js';
import { RequiredRightsCheck } from './access/required-rights.check.js';
import { oneCopyCheck } from './one-copy.check.js';
import { IdentityPrincipalMapper, PrincipalMapper } from './guard/principal-mapper.js';
import { RevocationPublisher } from './revocations/revocation-publisher.js';
import { LocalRevocations } from './revocations/local-revocations.js';
import { RevocationHealth } from './revocations/revocation-health.js';
import { RevocationSource } from './revocations/revocation-source.js';
import { TrustedIssuers } from './tokens/trusted-issuers.js';
import { VerificationKeys } from './keys/verification-keys.js';
import type { DynamicModule, Provider } from '@nestjs/common';
import type { Carrier } from './carriers/carrier.js';
import type { AuthSettings } from './settings/auth-settings.js';
import type { AuthStructure } from './settings/auth-structure.js';

/** `APP_GUARD` and `@UseGuards(JwtAuthGuard)` use the same instance. */
function guardProviders(structure: AuthStructure): Provider[] {
  const isGlobal = structure.global !== false;
  assertSamePackage('AuthModule', structure.guard);
  return [
    { provide: JwtAuthGuard, useClass: structure.guard ?? JwtAuthGuard },
    { provide: GUARD_IS_GLOBAL, useValue: isGlobal },
    UnguardedHandlersCheck,
    MessageEnhancers,
    RequiredRightsCheck,
    ...(isGlobal ? [{ provide: APP_GUARD, useExisting: JwtAuthGuard }] : []),
  ];
}

/** Without a `revocationSource`, the settings can choose the issuer's feed. */
const followedSource: Provider = {
  provide: RevocationSource,
  inject: [AUTH_SETTINGS, TrustedIssuers, VerificationKeys, RevocationHealth, Clock],
  useFactory: (settings: AuthSettings, ...rest: [TrustedIssuers, VerificationKeys, RevocationHealth, Clock]) =>
    settings.revocations?.follow === true ? new FeedRevocationSource(settings, ...rest) : undefined,
};

/** The token of the settings before they are validated. */
export const UNCHECKED_SETTINGS = Symbol('AuthModule unchecked settings');

const checkedSettings: Provider = {
  provide: AUTH_SETTINGS,
  inject: [UNCHECKED_SETTINGS],
  useFactory: validateSettings,
};

function withStructure(definition: DynamicModule, structure: AuthStructure): DynamicModule {
  const { revocationSource, carriers = [] } = structure;
  return {
    ...definition,
    global: true,
    imports: [...(definition.imports ?? []), ...(structure.imports ?? [])],
    providers: [
      ...(definition.providers ?? []),
      oneCopyCheck,
      checkedSettings,
      { provide: Clock, useClass: structure.clock ?? SystemClock },
      { provide: VerificationKeys, useClass: structure.keys ?? ConfiguredVerificationKeys },
      { provide: PrincipalMapper, useClass: structure.mapper ?? IdentityPrincipalMapper },
      { provide: RevocationPublisher, useClass: structure.revocationPublisher ?? LocalRevocations },
      // The port and the class inject the same instance.
      ...(revocationSource
        ? [revocationSource, { provide: RevocationSource, useExisting: revocationSource }]
        : [followedSource]),
      // RFC 6750 §3: an invalid token is a 401 with a challenge, not a 500, whatever else the application imports.
      { provide: APP_FILTER, useClass: AuthErrorFilter },
      ...carriers,
      {
        provide: APPLICATION_CARRIERS,
        inject: [...carriers],
        useFactory: (...added: Carrier[]) => added,
      },
      ...guardProviders(structure),
    ],
    exports: [
      ...(definition.exports ?? []),
      Clock,
      VerificationKeys,
      PrincipalMapper,
      RevocationPublisher,
      RevocationSource,
      ...(revocationSource ? [revocationSource] : []),
      JwtAuthGuard,
    ],
  };
}

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<AuthSettings>({
  moduleName: 'PosternAuth',
  optionsInjectionToken: UNCHECKED_SETTINGS,
})
  .setClassMethodName('forRoot')
  .setExtras<AuthStructure>(SETTINGS.noStructure, withStructure)
  .build();

export { ConfigurableModuleClass as ConfigurableAuthModule };
