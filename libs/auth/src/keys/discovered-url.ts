import type { FetchLimits } from './fetch-json.js';

const REDISCOVERY_MILLISECONDS = 86_400_000;
/** Short, because the last URL is probably still right. */
const REDISCOVERY_TIMEOUT_SECONDS = 1;

/**
 * A URL from the metadata of the issuer. The metadata are read again after a request to the URL has failed, and once a
 * day. While the metadata are not available, the last URL is used.
 */
export class DiscoveredUrl {
  private latest: URL | undefined;
  private discoveredAt = 0;
  private isDoubted = false;

  constructor(private readonly discover: (limits: FetchLimits) => Promise<URL>) {}

  /** @throws Error if discovery fails and no earlier URL is latest */
  async find(limits: FetchLimits, now: number): Promise<URL> {
    const { latest } = this;
    const isRecent = now >= this.discoveredAt && now < this.discoveredAt + REDISCOVERY_MILLISECONDS;
    if (latest !== undefined && !this.isDoubted && isRecent) return latest;
    this.isDoubted = false;
    this.discoveredAt = now;
    if (latest === undefined) return (this.latest = await this.discover(limits));
    const timeoutSeconds = Math.min(limits.timeoutSeconds, REDISCOVERY_TIMEOUT_SECONDS);
    this.latest = await this.discover({ ...limits, timeoutSeconds }).catch(() => latest);
    return this.latest;
  }

  /** Reports that a request to the URL has failed. */
  doubt(): void {
    this.isDoubted = true;
  }
}
