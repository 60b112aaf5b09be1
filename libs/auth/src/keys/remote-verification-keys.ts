import { RemoteKeySet } from './remote-key-set.js';
import { VerificationKeys } from './verification-keys.js';
import type { Clock } from '../revocations/clock.js';
import type { IssuerSettings } from '../settings/auth-settings.js';
import type { JwtAlgorithm } from 'postern/jws';
import type { VerificationKey } from './verification-keys.js';

/**
 * Fetches the keys that issuers publish, by discovery or from a fixed URL. It sends at most one request per cool-down
 * to an issuer, whatever tokens arrive. It keeps a set that cannot be refreshed for a bounded time, and drops a key
 * that is not in the latest set.
 *
 * @see RFC 8414, RFC 7517 §5, OpenID Connect Discovery §4
 */
export class RemoteVerificationKeys extends VerificationKeys {
  private readonly sets: ReadonlyMap<string, RemoteKeySet>;

  /** @throws Error that names the fix if the URL of an issuer is not allowed */
  constructor(issuers: readonly Pick<IssuerSettings, 'issuer' | 'jwks' | 'fetch'>[], clock: Clock) {
    super();
    this.sets = new Map(
      issuers.map(({ issuer, jwks, fetch: send }) => [issuer, new RemoteKeySet(issuer, jwks ?? {}, clock, send)]),
    );
  }

  override find(
    issuer: string,
    kid: string | undefined,
    alg?: JwtAlgorithm,
  ): VerificationKey | undefined | Promise<VerificationKey | undefined> {
    return this.sets.get(issuer)?.find(kid, alg);
  }

  override isLive(issuer: string, kid: string, alg?: JwtAlgorithm): boolean {
    return this.sets.get(issuer)?.has(kid, alg) === true;
  }

  override knows(issuer: string): boolean {
    return this.sets.get(issuer)?.isKnown === true;
  }

  /** Fetches the keys of the issuer now, at most four times a second. */
  override renew(issuer: string): Promise<void> {
    return this.sets.get(issuer)?.renewNow() ?? Promise.resolve();
  }

  /** Starts to fetch the key sets, and does not wait. */
  prefetch(): void {
    for (const set of this.sets.values()) set.prefetch();
  }

  /** Aborts the current requests. */
  stop(): void {
    for (const set of this.sets.values()) set.stop();
  }
}
