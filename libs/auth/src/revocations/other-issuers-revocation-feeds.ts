import { Inject, Injectable } from '@nestjs/common';
import { AUTH_SETTINGS } from '../settings/auth-settings.js';
import { Clock } from './clock.js';
import { FeedRevocationSource } from './feed-revocation-source.js';
import { RevocationHealth } from './revocation-health.js';
import { TrustedIssuers } from '../tokens/trusted-issuers.js';
import { VerificationKeys } from '../keys/verification-keys.js';
import type { AuthSettings } from '../settings/auth-settings.js';
import type { RevocationSet } from './revocation-set.js';

/** The feeds of further issuers whose settings say `revocations: { follow: true }`, whoever tells of the own issuer's. */
@Injectable()
export class OtherIssuersRevocationFeeds {
  private readonly feeds: readonly FeedRevocationSource[];

  /** @throws Error with a sentence that says what to write */
  constructor(
    @Inject(AUTH_SETTINGS) { issuers = [] }: AuthSettings,
    trusted: TrustedIssuers,
    keys: VerificationKeys,
    health: RevocationHealth,
    clock: Clock,
  ) {
    this.feeds = issuers
      .filter(({ revocations }) => revocations?.follow === true)
      .map((one) => new FeedRevocationSource(one, trusted, keys, health, clock));
  }

  /** Resolves when all is known or each first attempt has failed. */
  async follow(set: RevocationSet): Promise<void> {
    await Promise.all(this.feeds.map((feed) => feed.follow(set)));
  }

  /** Ends following. */
  async stop(): Promise<void> {
    await Promise.all(this.feeds.map((feed) => feed.stop()));
  }
}
