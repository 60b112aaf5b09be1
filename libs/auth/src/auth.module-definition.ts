import { ConfigurableModuleBuilder } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { RefusalFilter } from 'postern/problem';
import { AUTH_SETTINGS } from './auth-settings.js';
import { Clock, SystemClock } from './clock.js';
import { ConfiguredVerificationKeys } from './configured-verification-keys.js';
import { FollowedRevocations } from './followed-revocations.js';
import { GUARD_IS_GLOBAL, GuardPlacement } from './guard-placement.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { IdentityPrincipalMapper, PrincipalMapper } from './principal-mapper.js';
import { LocalRevocations, RevocationPublisher } from './revocation-publisher.js';
import { RevocationHealth } from './revocation-health.js';
import { RevocationSource } from './revocation-source.js';
import { TrustedIssuers } from './trusted-issuers.js';
import { VerificationKeys } from './verification-keys.js';
import type { DynamicModule, Provider, Type } from '@nestjs/common';
import type { AuthSettings } from './auth-settings.js';

/** The classes that `AuthModule` is made of: passed beside the settings, always optional. */
export interface AuthStructure {
  /** Where keys come from. Default: per issuer, from `staticKeys` or by discovery. */
  keys?: Type<VerificationKeys>;
  /** Who tells of revocations made elsewhere. Default: the issuer's feed where `revocations.follow` is set, else nobody. */
  revocationSource?: Type<RevocationSource>;
  /** Who makes revocations known. Default: `LocalRevocations`, this process only. */
  revocationPublisher?: Type<RevocationPublisher>;
  /** What `@CurrentUser()` receives. Default: the principal. */
  mapper?: Type<PrincipalMapper>;
  /** Default: the machine's clock. */
  clock?: Type<Clock>;
  /** A subclass of the guard. Default: `JwtAuthGuard`. */
  guard?: Type<JwtAuthGuard>;
  /** Whether every route is guarded unless it is `@Public()`. Default true. */
  global?: boolean;
  /** Modules that the classes above inject from. */
  imports?: DynamicModule['imports'];
}

/** One instance under both names: the port, and the guard that a route may also ask for by its class. */
function guardProviders(structure: AuthStructure): Provider[] {
  const isGlobal = structure.global !== false;
  return [
    { provide: JwtAuthGuard, useClass: structure.guard ?? JwtAuthGuard },
    { provide: GUARD_IS_GLOBAL, useValue: isGlobal },
    GuardPlacement,
    ...(isGlobal ? [{ provide: APP_GUARD, useExisting: JwtAuthGuard }] : []),
  ];
}

/** Where no class tells of revocations, the settings may say that the issuer's feed does. */
const followedSource: Provider = {
  provide: RevocationSource,
  inject: [AUTH_SETTINGS, TrustedIssuers, VerificationKeys, RevocationHealth, Clock],
  useFactory: (settings: AuthSettings, ...rest: [TrustedIssuers, VerificationKeys, RevocationHealth, Clock]) =>
    settings.revocations?.follow === true ? new FollowedRevocations(settings, ...rest) : undefined,
};

function assemble(definition: DynamicModule, structure: AuthStructure): DynamicModule {
  const { revocationSource } = structure;
  return {
    ...definition,
    global: true,
    imports: [...(definition.imports ?? []), ...(structure.imports ?? [])],
    providers: [
      ...(definition.providers ?? []),
      { provide: Clock, useClass: structure.clock ?? SystemClock },
      { provide: VerificationKeys, useClass: structure.keys ?? ConfiguredVerificationKeys },
      { provide: PrincipalMapper, useClass: structure.mapper ?? IdentityPrincipalMapper },
      { provide: RevocationPublisher, useClass: structure.revocationPublisher ?? LocalRevocations },
      revocationSource ? { provide: RevocationSource, useClass: revocationSource } : followedSource,
      // A refused token is a 401 with its challenge (RFC 6750 §3), and no 500, whatever else the application imports.
      { provide: APP_FILTER, useClass: RefusalFilter },
      ...guardProviders(structure),
    ],
    exports: [
      ...(definition.exports ?? []),
      Clock,
      VerificationKeys,
      PrincipalMapper,
      RevocationPublisher,
      JwtAuthGuard,
    ],
  };
}

const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<AuthSettings>({
  moduleName: 'PosternAuth',
  optionsInjectionToken: AUTH_SETTINGS,
})
  .setClassMethodName('forRoot')
  .setExtras<AuthStructure>({}, assemble)
  .build();

export { ConfigurableModuleClass as ConfigurableAuthModule };
