import { Inject, Module, Optional } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { missingSettings, FromThisPackage } from 'postern/problem';
import { AUTH_SETTINGS } from './settings/auth-settings.js';
import { ConfigurableAuthModule, UNCHECKED_SETTINGS } from './auth.module-definition.js';
import { ApplicationEnhancersModule } from './answers/application-enhancers.module.js';
import { ApplicationGuard } from './guard/application-guard.js';
import { Carriers } from './carriers/carriers.js';
import { GatewayHandshakes } from './sockets/gateway-handshakes.js';
import { MissedMessageGuard } from './guard/missed-message.guard.js';
import { OpenCallInterceptor } from './streams/open-call.interceptor.js';
import { RejectionFilter } from './carriers/rejection.filter.js';
import { SocketTokens } from './sockets/socket-tokens.js';
import { Clock } from './revocations/clock.js';
import { JumpTolerantClock } from './revocations/jump-tolerant-clock.js';
import { FeedRevocationSource } from './revocations/feed-revocation-source.js';
import { OtherIssuersRevocationFeeds } from './revocations/other-issuers-revocation-feeds.js';
import { CredentialsReader } from './guard/credentials-reader.js';
import { JwtStrategy } from './guard/jwt.strategy.js';
import { PrincipalPermissions } from './permissions/principal-permissions.js';
import { RouteRights } from './permissions/route-rights.js';
import { OpenStreams } from './streams/open-streams.js';
import { RevocationHealth } from './revocations/revocation-health.js';
import { RevocationSet } from './revocations/revocation-set.js';
import { RevocationSource } from './revocations/revocation-source.js';
import { TokenValidity } from './streams/token-validity.js';
import { AccessTokenVerifier } from './tokens/access-token-verifier.js';
import { TokenStatus } from './tokens/token-status.js';
import { TrustedIssuers } from './tokens/trusted-issuers.js';
import { VerifiedTokenCache } from './tokens/verified-token-cache.js';
import type { AuthSettings, IssuerSettings } from './settings/auth-settings.js';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';

const SWEEP_EVERY_MILLISECONDS = 1_000;
const SWEPT_AT_ONCE = 20_000;

/**
 * Guards the routes of an application by access tokens, without a database. Every route needs a token unless it is
 * `@Public()`.
 *
 * @example
 * ```ts
 * AuthModule.forRoot({ issuer: 'https://id.example.com', audience: 'orders' })
 * ```
 */
@FromThisPackage()
@Module({
  imports: [ApplicationEnhancersModule],
  providers: [
    missingSettings('AuthModule', UNCHECKED_SETTINGS),
    TrustedIssuers,
    TokenStatus,
    VerifiedTokenCache,
    AccessTokenVerifier,
    CredentialsReader,
    JwtStrategy,
    {
      provide: RevocationSet,
      useFactory: (clock: Clock, issuers: TrustedIssuers) =>
        new RevocationSet(new JumpTolerantClock(clock), issuers.own.issuer),
      inject: [Clock, TrustedIssuers],
    },
    PrincipalPermissions,
    RouteRights,
    RevocationHealth,
    OtherIssuersRevocationFeeds,
    TokenValidity,
    OpenStreams,
    Carriers,
    RejectionFilter,
    ApplicationGuard,
    MissedMessageGuard,
    OpenCallInterceptor,
    SocketTokens,
    GatewayHandshakes,
  ],
  exports: [
    TrustedIssuers,
    AccessTokenVerifier,
    JwtStrategy,
    RevocationSet,
    PrincipalPermissions,
    RouteRights,
    RevocationHealth,
    OpenStreams,
    MissedMessageGuard,
    RejectionFilter,
    OpenCallInterceptor,
  ],
})
export class AuthModule extends ConfigurableAuthModule implements OnApplicationBootstrap, OnApplicationShutdown {
  private sweeper?: NodeJS.Timeout;

  /** @throws Error if the settings contradict the structure, or the application imports the module twice */
  constructor(
    private readonly revocations: RevocationSet,
    @Inject(AUTH_SETTINGS) settings: AuthSettings,
    private readonly otherFeeds: OtherIssuersRevocationFeeds,
    modules: ModulesContainer,
    @Optional() private readonly source?: RevocationSource,
  ) {
    super();
    // Two modules would create two guards and two revocation sets, and a publisher would update only one of the sets.
    if ([...modules.values()].filter(({ metatype }) => isAuthModule(metatype)).length > 1) {
      throw new Error(
        'AuthModule: import it once in an application, in the root module (PosternModule already imports it). ' +
          'Write additional issuers into "issuers".',
      );
    }
    const { revocations: own, issuers = [] } = settings;
    if (own?.follow === true && !(source instanceof FeedRevocationSource)) {
      throw new Error('AuthModule: write "revocations: { follow: true }" or "revocationSource", not both.');
    }
    // A custom source may read the revocation settings of the own issuer.
    for (const issuer of source === undefined ? [settings, ...issuers] : issuers) assertFollowed(issuer);
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all([this.source?.follow(this.revocations), this.otherFeeds.follow(this.revocations)]);
    this.sweeper = setInterval(() => this.revocations.sweep(SWEPT_AT_ONCE), SWEEP_EVERY_MILLISECONDS);
    this.sweeper.unref();
  }

  /** Nest calls this after the last request, so a revocation during the shutdown still counts. */
  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.sweeper);
    await Promise.all([this.source?.stop(), this.otherFeeds.stop()]);
  }
}

/** A token without `follow: true` would leave revoked tokens accepted silently. */
function assertFollowed({ issuer, revocations: { follow, token } = {} }: IssuerSettings): void {
  if (token === undefined || follow === true) return;
  throw new Error(
    `AuthModule: "revocations" of ${issuer} has a "token" but no "follow: true". Write "follow: true", or remove the token.`,
  );
}

function isAuthModule(metatype: unknown): boolean {
  return metatype === AuthModule || (metatype as typeof AuthModule).prototype instanceof AuthModule;
}
