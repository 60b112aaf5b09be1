import { positionOf, START } from './feed-position.js';
import type { FeedPosition } from './feed-position.js';
import { RevocationFeed } from './revocation-feed.js';
import type { CheckedRevocationsSettings } from '../checked-revocations-settings.js';
import type { SequencedRevocation } from '../storage/revocation-table.js';

const entryOf = (sequence: number, target = `s${sequence}`): SequencedRevocation => ({
  id: crypto.randomUUID(),
  sequence,
  kind: 'session',
  target,
  reason: 'test',
  createdAt: 0,
  expiresAt: 9e9,
});

/** Adds a read that found these revocations; `lastSequence` is higher if the last ones were deleted. */
function read(
  feed: RevocationFeed,
  after: FeedPosition,
  entries: readonly SequencedRevocation[],
  lastSequence = entries.at(-1)?.sequence ?? after.sequence,
): FeedPosition {
  const last = entries.at(-1);
  const end = last ? positionOf(last) : after;
  feed.append({ after, entries, end, lastSequence, completeAt: performance.now() });
  return end;
}

const targetsAfter = (feed: RevocationFeed, position: FeedPosition) =>
  feed.after(position, 10)?.map(({ target }) => target);

describe('RevocationFeed', () => {
  let feed: RevocationFeed;
  beforeEach(() => (feed = new RevocationFeed({ pollSeconds: 0.5 } as CheckedRevocationsSettings)));

  it('RevocationFeed appends no revocation after one that the database has lost', () => {
    const kept = entryOf(1, 'kept');
    const lost = read(feed, START, [kept, entryOf(2, 'lost')]);
    const { generation } = feed;
    read(feed, START, [kept, entryOf(2, 'new'), entryOf(3, 'newer')]);
    expect(targetsAfter(feed, positionOf(kept))).toEqual(['new', 'newer']);
    expect(feed.after(lost, 10)).toBeUndefined();
    expect(feed.generation).not.toBe(generation);
  });

  it('RevocationFeed appends no revocation after a gap, in which expired ones were deleted', () => {
    const end = read(feed, START, [entryOf(1)]);
    const { generation } = feed;
    const [fourth, fifth] = [entryOf(4), entryOf(5)];
    read(feed, end, [fourth, fifth]);
    expect(feed.after(end, 10)).toBeUndefined();
    expect(targetsAfter(feed, positionOf(fourth))).toEqual(['s5']);
    expect(feed.generation).not.toBe(generation);
  });

  it('RevocationFeed continues after the last assigned number if its revocation was deleted', () => {
    const end = read(feed, START, [entryOf(1)], 3);
    const { generation } = feed;
    expect(feed.end).toEqual({ sequence: 3, tag: '' });
    read(feed, end, [entryOf(4)]);
    expect(targetsAfter(feed, { sequence: 3, tag: '' })).toEqual(['s4']);
    expect(feed.generation).toBe(generation);
  });

  it('RevocationFeed keeps the last 2,000 revocations', () => {
    const entries = Array.from({ length: 1500 }, (_, at) => entryOf(at + 1));
    const more = Array.from({ length: 1500 }, (_, at) => entryOf(at + 1501));
    read(feed, read(feed, START, entries), more);
    expect(feed.after(positionOf(entries[998]!), 1)).toBeUndefined();
    expect(feed.after(positionOf(entries[999]!), 3000)).toHaveLength(2000);
  });

  it('RevocationFeed does not wait for a revocation that it received before the call', async () => {
    read(feed, START, [entryOf(1)]);
    await expect(feed.moved(START, 60_000, new AbortController().signal)).resolves.toBeUndefined();
  });
});
