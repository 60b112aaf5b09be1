import type { ServerResponse } from 'node:http';
import { Injectable, Logger } from '@nestjs/common';
import type { Principal } from 'postern/auth';
import { FeedBroadcast } from './feed-broadcast.js';
import { FollowerAccess } from './follower-access.js';
import { RevocationFeed } from './revocation-feed.js';
import { RevocationFeedStream } from './revocation-feed-stream.js';
import type { FeedSources } from './revocation-feed-stream.js';
import { ReadPosition } from '../storage/read-position.js';
import { RevocationSnapshot } from './revocation-snapshot.js';

/** Answers followers with a stream of Server-Sent Events. */
@Injectable()
export class RevocationFeedStreams {
  private readonly logger = new Logger(RevocationFeedStreams.name);
  private readonly sources: FeedSources;

  constructor(
    feed: RevocationFeed,
    snapshot: RevocationSnapshot,
    position: ReadPosition,
    broadcast: FeedBroadcast,
    private readonly access: FollowerAccess,
  ) {
    this.sources = { feed, snapshot, position, broadcast };
  }

  /**
   * Writes the stream, and resolves at its end.
   *
   * @param cursor where to go on; a snapshot comes first if it is absent or unknown
   * @param signal aborts when the follower has gone, or has to go
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
      if (!signal.aborted) this.logger.debug(`A stream of revocations ends: ${String(error)}`);
      // The response has begun: only its end can say anything more, and a follower that does not read would not see it.
      if (response.writableNeedDrain) response.destroy();
      else response.end();
    }
  }
}
