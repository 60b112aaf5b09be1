export { FollowerAccess } from './feed/follower-access.js';
export { FollowerSlots, type FollowerSlot } from './feed/follower-slots.js';
export { PostgresSignal } from './signals/postgres-signal.js';
export { RedisSignal } from './signals/redis-signal.js';
export { FollowRevocationsDto } from './feed/follow-revocations.dto.js';
export { RevocationPageDto } from './feed/revocation-page.dto.js';
export { RevocationFeed, type RevocationRead } from './feed/revocation-feed.js';
export { RevocationFeedController } from './feed/revocation-feed.controller.js';
export type { FeedPosition } from './feed/feed-position.js';
export { RevocationFeedPoll, type FeedAnswer } from './feed/revocation-feed-poll.js';
export { RevocationFeedStreams } from './feed/revocation-feed-streams.js';
export {
  RevocationTable,
  type RevocationTablePage,
  type NewRevocation,
  type SequencedRevocation,
} from './storage/revocation-table.js';
export { DatabaseRevocationPublisher } from './storage/database-revocation-publisher.js';
export { RevocationSignal } from './signals/revocation-signal.js';
export { DatabaseRevocationSource } from './storage/database-revocation-source.js';
export { RevocationCleanup } from './storage/revocation-cleanup.js';
export { TooManyFollowersError, type RevocationsErrorCode } from './revocations.errors.js';
export type { RevocationsSettings, RevocationsStructure } from './revocations.module-definition.js';
export { RevocationsModule } from './revocations.module.js';
export { CheckedRevocationsSettings } from './checked-revocations-settings.js';
