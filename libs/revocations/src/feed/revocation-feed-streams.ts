import type { ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { Principal } from 'postern/auth';
import { FeedBroadcast } from './feed-broadcast.js';
import { FollowerAccess } from './follower-access.js';
import { RevocationFeed } from './revocation-feed.js';
import { RevocationFeedStream } from './revocation-feed-stream.js';
import type { FeedSources } from './revocation-feed-stream.js';
import { RevocationSnapshot } from './revocation-snapshot.js';
import { SecurityEventSigner } from './security-event-signer.js';

/** Writes streams of Server-Sent Events to followers. */
@Injectable()
export class RevocationFeedStreams {
  private readonly logger = new Logger(RevocationFeedStreams.name);
  private readonly sources: FeedSources;

  constructor(
    feed: RevocationFeed,
    snapshot: RevocationSnapshot,
    broadcast: FeedBroadcast,
    events: SecurityEventSigner,
    private readonly access: FollowerAccess,
  ) {
    this.sources = { feed, snapshot, broadcast, events };
  }

  /**
   * Writes the stream, and resolves at its end.
   *
   * @param cursor the cursor to continue after; the stream starts with a snapshot if it is absent or unknown
   * @param signal aborts when the follower disconnects, or when the server closes the stream
   */
  async write(
    response: ServerResponse,
    cursor: string | undefined,
    principal: Principal,
    signal: AbortSignal,
  ): Promise<void> {
    const assertAllowed = (): void => this.access.assertAllowed(principal);
    try {
      await new RevocationFeedStream(this.sources, { response, signal, assertAllowed }).run(cursor);
    } catch (error) {
      if (!signal.aborted) this.logger.debug(`The revocation stream ended: ${String(error)}`);
      // After the headers, only the end of the response can signal an error. Disconnect a follower that does not read.
      if (response.writableNeedDrain) response.destroy();
      else response.end();
    }
  }
}
