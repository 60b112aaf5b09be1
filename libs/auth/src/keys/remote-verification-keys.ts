import { RemoteKeySet } from './remote-key-set.js';
import { VerificationKeys } from './verification-keys.js';
import type { Clock } from '../revocations/clock.js';
import type { IssuerSettings } from '../settings/auth-settings.js';
import type { VerificationKey } from './verification-keys.js';

/**
 * Keys as their issuers publish them, found by discovery or at a fixed address. Whatever tokens come, an issuer is asked at most
 * once a cool-down; a set that cannot be renewed goes on serving for a bounded time; a key that is no longer in a fresh set is
 * dead.
 *
 * @see RFC 8414, RFC 7517 §5, OpenID Connect Discovery §4
 */
export class RemoteVerificationKeys extends VerificationKeys {
  private readonly sets: ReadonlyMap<string, RemoteKeySet>;

  /** @throws Error with a sentence that says what to write, where an address is not fit to ask */
  constructor(issuers: readonly Pick<IssuerSettings, 'issuer' | 'jwks'>[], clock: Clock) {
    super();
    this.sets = new Map(issuers.map(({ issuer, jwks }) => [issuer, new RemoteKeySet(issuer, jwks ?? {}, clock)]));
  }

  /** A token that names no key is refused: a published set changes, and with it what "the only key" would be. */
  override find(
    issuer: string,
    kid: string | undefined,
  ): VerificationKey | undefined | Promise<VerificationKey | undefined> {
    return kid === undefined ? undefined : this.sets.get(issuer)?.find(kid);
  }

  override isLive(issuer: string, kid: string): boolean {
    return this.sets.get(issuer)?.has(kid) === true;
  }

  override knows(issuer: string): boolean {
    return this.sets.get(issuer)?.isKnown === true;
  }

  /** Fetches the keys of the issuer now, at most four times a second. */
  override renew(issuer: string): Promise<void> {
    return this.sets.get(issuer)?.renewNow() ?? Promise.resolve();
  }

  /** Begins to fetch what is not there yet, and does not wait. */
  prefetch(): void {
    for (const set of this.sets.values()) set.prefetch();
  }

  /** Ends what is under way. */
  stop(): void {
    for (const set of this.sets.values()) set.stop();
  }
}
