import { Logger } from '@nestjs/common';
import { RevocationSet, SystemClock } from 'postern/auth';
import type { Clock, RevocationHealth } from 'postern/auth';
import { START } from '../feed/feed-position.js';
import { RevocationFeed } from '../feed/revocation-feed.js';
import type { RevocationTablePage, SequencedRevocation, RevocationTable } from './revocation-table.js';
import type { RevocationSignal } from '../signals/revocation-signal.js';
import type { CheckedRevocationsSettings } from '../checked-revocations-settings.js';
import { DatabaseRevocationSource } from './database-revocation-source.js';

const clock: Clock = new SystemClock();
const page: RevocationTablePage = {
  entries: [
    {
      id: '019abfc2-617b-7000-a1b2-c3d40123abcd',
      sequence: 1,
      kind: 'session',
      target: 's',
      reason: 'logout',
      createdAt: clock.now() / 1000,
      expiresAt: clock.now() / 1000 + 60,
    },
  ],
  end: { sequence: 1, tag: '0123abcd' },
  lastSequence: 1,
  unordered: [],
};
const terms = { pollSeconds: 60, now: () => new Date(clock.now()) } as CheckedRevocationsSettings;
const failure = new Error('the pool has ended');

describe('DatabaseRevocationSource', () => {
  const errors: unknown[] = [];
  beforeEach(() => {
    errors.length = 0;
    const ignore = (): void => undefined;
    Logger.overrideLogger({ log: ignore, warn: ignore, error: (line: unknown) => void errors.push(line) });
  });
  afterAll(() => Logger.overrideLogger(false));

  it.each([
    ['succeeds', () => Promise.resolve(page)],
    ['fails', () => Promise.reject(failure)],
  ])('DatabaseRevocationSource changes neither the set nor the log if a read %s after stop()', async (_how, answer) => {
    let hear: (sequence: number) => void = () => undefined;
    let release: () => void = () => undefined;
    let readings = 0;
    const table = {
      since: async () => {
        readings += 1;
        if (readings === 1) return { ...page, entries: [], end: START, lastSequence: 0 };
        await new Promise<void>((resolve) => (release = resolve));
        return answer();
      },
    } as unknown as RevocationTable;
    const signal = {
      listen: (heard: typeof hear) => Promise.resolve(void (hear = heard)),
      stop: () => Promise.resolve(),
    } as unknown as RevocationSignal;
    const source = new DatabaseRevocationSource(table, signal, new RevocationFeed(terms), terms);
    const set = new RevocationSet(clock, 'https://id.test');
    await source.follow(set);
    hear(1);
    // The read begins in a later turn.
    await new Promise(setImmediate);
    const stopped = source.stop();
    release();
    await stopped;
    await new Promise(setImmediate);
    expect([readings, set.size, errors]).toEqual([2, 0, []]);
  });

  describe('while revocations wait for their number', () => {
    const [{ sequence: _, ...revocation }] = page.entries as [SequencedRevocation];
    const signal = { listen: () => Promise.resolve(), stop: () => Promise.resolve() } as unknown as RevocationSignal;

    async function following(table: Partial<RevocationTable>) {
      const contacts: unknown[] = [];
      const health = {
        followingStarted: () => undefined,
        upToDateAt: (cursor: string) => void contacts.push(cursor),
      } as unknown as RevocationHealth;
      const feed = new RevocationFeed(terms);
      const source = new DatabaseRevocationSource(table as RevocationTable, signal, feed, terms, health);
      const set = new RevocationSet(clock, 'https://id.test');
      await source.follow(set);
      await source.stop();
      return { set, contacts, feed };
    }

    it('DatabaseRevocationSource applies revocations without a number at once, but does not report to followers that it is up to date', async () => {
      const { set, contacts, feed } = await following({
        since: () => Promise.resolve({ ...page, unordered: [{ ...revocation, target: 'unordered' }] }),
        order: () => new Promise(() => undefined),
      });
      expect([set.size, contacts, feed.end]).toEqual([2, ['1'], page.end]);
      expect(feed.isComplete(Number.NEGATIVE_INFINITY)).toBe(false);
    });

    it('DatabaseRevocationSource does not start before it has read all revocations without a number', async () => {
      const many = Array.from({ length: 5000 }, (__, number) => ({ ...revocation, target: `s${number}` }));
      let isOrdered = false;
      const { set, contacts, feed } = await following({
        since: () =>
          Promise.resolve(isOrdered ? page : { ...page, entries: [], end: START, lastSequence: 0, unordered: many }),
        order: () => Promise.resolve(void (isOrdered = true)),
      });
      expect([set.size, contacts.slice(0, 1)]).toEqual([5001, ['1']]);
      expect(feed.isComplete(0)).toBe(true);
    });
  });
});
