import { Inject, Injectable, Optional } from '@nestjs/common';
import { AUTH_SETTINGS, Clock, ConfiguredVerificationKeys, VerificationKeys } from 'postern/auth';
import type { AuthSettings } from 'postern/auth';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { KeyRing } from './key-ring.js';

/**
 * The keys of this server as the key source of its own guard: from memory, and dead there within a second of a kill. Those of
 * further `issuers` are as the guard's settings have it.
 *
 * It holds nothing of the ring itself, so that the guard's module may make an instance of its own.
 *
 * @example
 * ```ts
 * AuthModule.forRoot({ issuer, audience, keys: KeyRingVerificationKeys })
 * ```
 */
@Injectable()
export class KeyRingVerificationKeys extends VerificationKeys implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly further = new Set<string>();
  private readonly ofFurther: ConfiguredVerificationKeys | undefined;

  /** @param settings those of the guard, which only an instance made by its module is given */
  constructor(
    private readonly known: KeyRing,
    clock: Clock,
    @Optional() @Inject(AUTH_SETTINGS) settings?: AuthSettings,
  ) {
    super();
    const [first, ...others] = settings?.issuers ?? [];
    if (first === undefined) return;
    this.ofFurther = new ConfiguredVerificationKeys({ ...first, issuers: others }, clock);
    for (const { issuer } of [first, ...others]) this.further.add(issuer);
  }

  override find(issuer: string, kid: string | undefined): ReturnType<VerificationKeys['find']> {
    return this.sourceOf(issuer).find(issuer, kid);
  }

  override isLive(issuer: string, kid: string): boolean {
    return this.sourceOf(issuer).isLive(issuer, kid);
  }

  override renew(issuer: string): Promise<void> {
    return this.further.has(issuer) ? this.ofFurther!.renew(issuer) : super.renew(issuer);
  }

  onApplicationBootstrap(): void {
    this.ofFurther?.onApplicationBootstrap();
  }

  onApplicationShutdown(): void {
    this.ofFurther?.onApplicationShutdown();
  }

  private sourceOf(issuer: string): Pick<VerificationKeys, 'find' | 'isLive'> {
    return this.further.has(issuer) ? this.ofFurther! : this.known;
  }
}
