import { Inject, Injectable } from '@nestjs/common';
import { AUTH_SETTINGS } from '../settings/auth-settings.js';
import { Clock } from './clock.js';
import { FeedRevocationSource } from './feed-revocation-source.js';
import { RevocationHealth } from './revocation-health.js';
import { TrustedIssuers } from '../tokens/trusted-issuers.js';
import { VerificationKeys } from '../keys/verification-keys.js';
import type { AuthSettings } from '../settings/auth-settings.js';
import type { RevocationSet } from './revocation-set.js';

/** Follows the feeds of additional issuers with `revocations: { follow: true }`. */
@Injectable()
export class OtherIssuersRevocationFeeds {
  private readonly feeds: readonly FeedRevocationSource[];

  /** @throws Error that names the setting and the fix */
  constructor(
    @Inject(AUTH_SETTINGS) { issuers = [] }: AuthSettings,
    trusted: TrustedIssuers,
    keys: VerificationKeys,
    health: RevocationHealth,
    clock: Clock,
  ) {
    this.feeds = issuers
      .filter(({ revocations }) => revocations?.follow === true)
      .map((issuer) => new FeedRevocationSource(issuer, trusted, keys, health, clock));
  }

  /** Resolves when every feed is read completely or its first attempt has failed. */
  async follow(set: RevocationSet): Promise<void> {
    await Promise.all(this.feeds.map((feed) => feed.follow(set)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.feeds.map((feed) => feed.stop()));
  }
}
