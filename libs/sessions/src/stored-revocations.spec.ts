import { Logger } from '@nestjs/common';
import { type Clock, RevocationSet, SystemClock } from 'postern/auth';
import { beginning } from './revocation-feed-place.js';
import type { JournalPage, RevocationJournal } from './revocation-journal.js';
import type { RevocationSignal } from './revocation-signal.js';
import type { SessionTerms } from './session-terms.js';
import { StoredRevocations } from './stored-revocations.js';

const clock: Clock = new SystemClock();
const page: JournalPage = {
  entries: [{ sequence: 1, kind: 'session', target: 's', reason: 'logout', expiresAt: clock.now() / 1000 + 60 }],
  end: { sequence: 1, tag: '0123abcd' },
  hasUnordered: false,
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
      const source = new StoredRevocations(journal, signal, { pollSeconds: 60 } as SessionTerms, clock);
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
});
