import { Logger } from '@nestjs/common';
import { type Clock, RevocationSet, type RevocationHealth, SystemClock } from 'postern/auth';
import { beginning } from '../feed/feed-position.js';
import type { JournalPage, OrderedRevocation, RevocationJournal } from './revocation-table.js';
import { RevocationProgress } from './read-position.js';
import type { RevocationSignal } from '../signals/revocation-signal.js';
import type { CheckedRevocationsSettings } from '../checked-revocations-settings.js';
import { StoredRevocations } from './database-revocation-source.js';

const clock: Clock = new SystemClock();
const page: JournalPage = {
  entries: [{ sequence: 1, kind: 'session', target: 's', reason: 'logout', expiresAt: clock.now() / 1000 + 60 }],
  end: { sequence: 1, tag: '0123abcd' },
  unordered: [],
};
const failure = new Error('the pool has ended');

describe('StoredRevocations', () => {
  const errors: unknown[] = [];
  beforeEach(() => {
    errors.length = 0;
    const ignore = (): void => undefined;
    Logger.overrideLogger({ log: ignore, warn: ignore, error: (line: unknown) => void errors.push(line) });
  });
  afterAll(() => Logger.overrideLogger(false));

  it.each([
    ['answers', () => Promise.resolve(page)],
    ['fails', () => Promise.reject(failure)],
  ])(
    'leaves the set and the log alone when a reading %s that was under way as it was stopped',
    async (_how, answer) => {
      let hear: (sequence: number) => void = () => undefined;
      let release: () => void = () => undefined;
      let readings = 0;
      const journal = {
        since: async () => {
          readings += 1;
          if (readings === 1) return { ...page, entries: [], end: beginning };
          await new Promise<void>((resolve) => (release = resolve));
          return answer();
        },
      } as unknown as RevocationJournal;
      const signal = {
        listen: (heard: typeof hear) => Promise.resolve(void (hear = heard)),
        stop: () => Promise.resolve(),
      } as unknown as RevocationSignal;
      const source = new StoredRevocations(journal, signal, { pollSeconds: 60 } as CheckedRevocationsSettings, clock);
      const set = new RevocationSet(clock, 'https://id.test');
      await source.follow(set);
      hear(1);
      const stopped = source.stop();
      release();
      await stopped;
      await new Promise(setImmediate);
      expect([readings, set.size, errors]).toEqual([2, 0, []]);
    },
  );

  describe('while revocations wait for their place in the order', () => {
    const [{ sequence: _, ...revocation }] = page.entries as [OrderedRevocation];
    const signal = { listen: () => Promise.resolve(), stop: () => Promise.resolve() } as unknown as RevocationSignal;

    async function following(journal: Partial<RevocationJournal>) {
      const contacts: unknown[] = [];
      const health = {
        noteFollowing: () => undefined,
        noteContact: (cursor: string) => void contacts.push(cursor),
      } as unknown as RevocationHealth;
      const progress = new RevocationProgress();
      const moved = progress.moved(60_000, AbortSignal.timeout(1000));
      const terms = { pollSeconds: 60 } as CheckedRevocationsSettings;
      const source = new StoredRevocations(journal as RevocationJournal, signal, terms, clock, health, progress);
      const set = new RevocationSet(clock, 'https://id.test');
      await source.follow(set);
      await source.stop();
      return { set, contacts, progress, moved };
    }

    it('refuses them without waiting for it, tells of what has one, and says to nobody else that this is all', async () => {
      const { set, contacts, progress, moved } = await following({
        since: () => Promise.resolve({ ...page, unordered: [{ ...revocation, target: 'unordered' }] }),
        order: () => new Promise(() => undefined),
      });
      await moved;
      expect([set.size, contacts, progress.readAt]).toEqual([2, ['1'], Number.NEGATIVE_INFINITY]);
    });

    it('does not serve before it knows those that fit no page', async () => {
      const many = Array.from({ length: 5000 }, (__, number) => ({ ...revocation, target: `s${number}` }));
      let isOrdered = false;
      const { set, contacts, progress } = await following({
        since: () => Promise.resolve(isOrdered ? page : { ...page, entries: [], end: beginning, unordered: many }),
        order: () => Promise.resolve(void (isOrdered = true)),
      });
      expect([set.size, contacts.slice(0, 1)]).toEqual([5001, ['1']]);
      expect(progress.readAt).toBeGreaterThan(0);
    });
  });
});
