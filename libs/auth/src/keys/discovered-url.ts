import type { FetchLimits } from './fetch-json.js';

const REDISCOVERY_MILLISECONDS = 86_400_000;
/** The address that is known may do: what it says is worth more than the time that metadata take. */
const REDISCOVERY_TIMEOUT_SECONDS = 1;

/**
 * An address that the issuer names in its metadata, which may name another one tomorrow: it is asked for anew after whatever was fetched from
 * it has failed, and once a day in any case. While the metadata cannot be had, the last one stands.
 */
export class DiscoveredUrl {
  private known: URL | undefined;
  private askedAt = 0;
  private isDoubted = false;

  constructor(private readonly discover: (limits: FetchLimits) => Promise<URL>) {}

  /** @throws Error where it was never found */
  async find(limits: FetchLimits, now: number): Promise<URL> {
    const { known } = this;
    const isRecent = now >= this.askedAt && now < this.askedAt + REDISCOVERY_MILLISECONDS;
    if (known !== undefined && !this.isDoubted && isRecent) return known;
    this.isDoubted = false;
    this.askedAt = now;
    if (known === undefined) return (this.known = await this.discover(limits));
    const timeoutSeconds = Math.min(limits.timeoutSeconds, REDISCOVERY_TIMEOUT_SECONDS);
    this.known = await this.discover({ ...limits, timeoutSeconds }).catch(() => known);
    return this.known;
  }

  /** What was fetched from the address has failed. */
  doubt(): void {
    this.isDoubted = true;
  }
}
