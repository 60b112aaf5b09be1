import { Injectable } from '@nestjs/common';
import { VerificationKeys } from 'postern/auth';
import { KnownKeys } from './known-keys.js';

/**
 * The keys of this server as the key source of its own guard: from memory, and dead there within a second of a kill.
 *
 * It holds nothing itself, so that the guard's module may make an instance of its own.
 *
 * @example
 * AuthModule.forRoot({ issuer, audience, keys: KeyRing })
 */
@Injectable()
export class KeyRing extends VerificationKeys {
  constructor(private readonly known: KnownKeys) {
    super();
  }

  override find(issuer: string, kid: string | undefined) {
    return this.known.find(issuer, kid);
  }

  override isLive(issuer: string, kid: string): boolean {
    return this.known.isLive(issuer, kid);
  }
}
