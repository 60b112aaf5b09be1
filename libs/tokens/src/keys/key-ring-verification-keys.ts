import { Inject, Injectable, Optional } from '@nestjs/common';
import { AUTH_SETTINGS, Clock, ConfiguredVerificationKeys, VerificationKeys } from 'postern/auth';
import type { AuthSettings, JwtAlgorithm } from 'postern/auth';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { KeyRing } from './key-ring.js';

/**
 * Verification keys for the guard of this server, from the key ring in memory. A killed key is gone within a second.
 * The keys of additional `issuers` follow the guard's settings.
 *
 * It has no copy of the ring, so that the guard's module may create its own instance.
 *
 * @example
 * ```ts
 * AuthModule.forRoot({ issuer, audience, keys: KeyRingVerificationKeys })
 * ```
 */
@Injectable()
export class KeyRingVerificationKeys extends VerificationKeys implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly keysOfAdditional: ConfiguredVerificationKeys | undefined;

  /** @param settings the guard's settings, available only to an instance of the guard's module */
  constructor(
    private readonly known: KeyRing,
    clock: Clock,
    @Optional() @Inject(AUTH_SETTINGS) private readonly settings?: AuthSettings,
  ) {
    super();
    const [first, ...others] = settings?.issuers ?? [];
    if (first === undefined) return;
    this.keysOfAdditional = new ConfiguredVerificationKeys({ ...first, issuers: others }, clock);
  }

  override find(issuer: string, kid: string | undefined, alg?: JwtAlgorithm): ReturnType<VerificationKeys['find']> {
    return this.sourceOf(issuer).find(issuer, kid, alg);
  }

  override isLive(issuer: string, kid: string, alg?: JwtAlgorithm): boolean {
    return this.sourceOf(issuer).isLive(issuer, kid, alg);
  }

  override knows(issuer: string): boolean {
    return this.isOwn(issuer) ? super.knows(issuer) : this.keysOfAdditional!.knows(issuer);
  }

  override renew(issuer: string): Promise<void> {
    return this.isOwn(issuer) ? super.renew(issuer) : this.keysOfAdditional!.renew(issuer);
  }

  onApplicationBootstrap(): void {
    this.keysOfAdditional?.onApplicationBootstrap();
  }

  onApplicationShutdown(): void {
    this.keysOfAdditional?.onApplicationShutdown();
  }

  private sourceOf(issuer: string): Pick<VerificationKeys, 'find' | 'isLive'> {
    return this.isOwn(issuer) ? this.known : this.keysOfAdditional!;
  }

  /** An additional issuer may have tenants, so its tokens name other issuers than the settings do. */
  private isOwn(issuer: string): boolean {
    return this.keysOfAdditional === undefined || issuer === this.settings?.issuer;
  }
}
