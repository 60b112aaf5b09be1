import { ConfigurableModuleBuilder } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { assertSamePackage, AuthErrorFilter } from 'postern/problem';
import { AUTH_SETTINGS } from './settings/auth-settings.js';
import { validateSettings } from './settings/validate-settings.js';
import { Clock, SystemClock } from './revocations/clock.js';
import { ConfiguredVerificationKeys } from './keys/configured-verification-keys.js';
import { FeedRevocationSource } from './revocations/feed-revocation-source.js';
import { GUARD_IS_GLOBAL, UnguardedHandlersCheck } from './access/unguarded-handlers.check.js';
import { JwtAuthGuard } from './guard/jwt-auth.guard.js';
import { oneCopyCheck } from './one-copy.check.js';
import { IdentityPrincipalMapper, PrincipalMapper } from './guard/principal-mapper.js';
import { RevocationPublisher } from './revocations/revocation-publisher.js';
import { LocalRevocations } from './revocations/local-revocations.js';
import { RevocationHealth } from './revocations/revocation-health.js';
import { RevocationSource } from './revocations/revocation-source.js';
import { TrustedIssuers } from './tokens/trusted-issuers.js';
import { VerificationKeys } from './keys/verification-keys.js';
import type { DynamicModule, Provider, Type } from '@nestjs/common';
import type { AuthSettings } from './settings/auth-settings.js';

/** The classes that `AuthModule` uses. All are optional, and are passed beside the settings. */
export interface AuthStructure {
  /** Finds the verification keys. Default: per issuer, from `staticKeys` or by discovery. */
  keys?: Type<VerificationKeys> | undefined;
  /**
   * Reads the revocations of other processes. Default: the issuer's feed if `revocations.follow` is true, else none.
   */
  revocationSource?: Type<RevocationSource> | undefined;
  /** Publishes revocations. Default: `LocalRevocations`, for this process only. */
  revocationPublisher?: Type<RevocationPublisher> | undefined;
  /** Maps the principal to the value of `@CurrentUser()`. Default: the principal itself. */
  mapper?: Type<PrincipalMapper> | undefined;
  /** Default: the machine's clock. */
  clock?: Type<Clock> | undefined;
  /** A subclass of the guard. Default: `JwtAuthGuard`. */
  guard?: Type<JwtAuthGuard> | undefined;
  /** Whether every route is guarded unless it is `@Public()`. Default true. */
  global?: boolean | undefined;
  /** Modules whose providers the classes above inject. */
  imports?: DynamicModule['imports'] | undefined;
}

/** `APP_GUARD` and `@UseGuards(JwtAuthGuard)` use the same instance. */
function guardProviders(structure: AuthStructure): Provider[] {
  const isGlobal = structure.global !== false;
  assertSamePackage('AuthModule', structure.guard);
  return [
    { provide: JwtAuthGuard, useClass: structure.guard ?? JwtAuthGuard },
    { provide: GUARD_IS_GLOBAL, useValue: isGlobal },
    UnguardedHandlersCheck,
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

/** Every name of the structure. Nest removes these names from the settings. */
const NO_STRUCTURE: Record<keyof AuthStructure, undefined> = {
  keys: undefined,
  revocationSource: undefined,
  revocationPublisher: undefined,
  mapper: undefined,
  clock: undefined,
  guard: undefined,
  global: undefined,
  imports: undefined,
};

/** The token of the settings before they are validated. */
export const UNCHECKED_SETTINGS = Symbol('AuthModule unchecked settings');

const checkedSettings: Provider = {
  provide: AUTH_SETTINGS,
  inject: [UNCHECKED_SETTINGS],
  useFactory: (settings: AuthSettings) => validateSettings(settings, NO_STRUCTURE),
};

function withStructure(definition: DynamicModule, structure: AuthStructure): DynamicModule {
  const { revocationSource } = structure;
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
  .setExtras<AuthStructure>(NO_STRUCTURE, withStructure)
  .build();

export { ConfigurableModuleClass as ConfigurableAuthModule };
