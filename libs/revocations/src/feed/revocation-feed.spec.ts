import type { Database } from 'postern/persistence';
import { RevocationFeed } from './revocation-feed.js';
import { RevocationFeedHistory } from '../storage/revocation-feed-history.js';
import type { FeedEntry } from '../storage/revocation-feed-history.js';
import { positionOf } from './feed-position.js';
import { ReadPosition } from '../storage/read-position.js';
import type { SecurityEventSigner } from './security-event-signer.js';
import type { CheckedRevocationsSettings } from '../checked-revocations-settings.js';

class WrittenHistory extends RevocationFeedHistory {
  entries: FeedEntry[] = [];

  constructor() {
    super({ withReservedConnection: (work: () => unknown) => work() } as Database);
  }

  override after(sequence: number, most: number): Promise<FeedEntry[]> {
    return Promise.resolve(this.entries.filter((entry) => entry.sequence > sequence).slice(0, most));
  }

  override end(most: number): Promise<{ sequence: number; entries: FeedEntry[] }> {
    return Promise.resolve({ sequence: this.entries.length, entries: this.entries.slice(-most) });
  }
}

const entryOf = (sequence: number, target: string): FeedEntry => ({
  id: crypto.randomUUID(),
  sequence,
  kind: 'session',
  target,
  reason: 'test',
  createdAt: 0,
  expiresAt: 9e9,
});

describe('RevocationFeed', () => {
  it('RevocationFeed appends no revocation after one that the database has lost, even before the loss was reported', async () => {
    const history = new WrittenHistory();
    const position = new ReadPosition();
    const feed = new RevocationFeed(
      history,
      position,
      { pollSeconds: 0.5 } as CheckedRevocationsSettings,
      {} as SecurityEventSigner,
    );
    const kept = entryOf(1, 'kept');
    history.entries = [kept, entryOf(2, 'lost')];
    position.note(2);
    await feed.refresh();
    const lost = feed.end;
    history.entries = [kept, entryOf(2, 'new'), entryOf(3, 'newer')];
    position.note(3);
    await feed.refresh();
    expect(feed.after(positionOf(kept), 10)?.map(({ target }) => target)).toEqual(['new', 'newer']);
    expect(feed.after(lost, 10)).toBeUndefined();
  });
});
