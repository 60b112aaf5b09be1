import { FairQueue } from './fair-queue.js';
import type { QueueLimits } from './fair-queue.js';

class OverloadError extends Error {}

const limits = {
  concurrency: 1,
  maximumWaiting: 10,
  maximumWaitingPerAccount: 10,
  maximumWaitSeconds: 10,
  rejectionDelaySeconds: 0,
};

function stage(overrides: Partial<QueueLimits> = {}) {
  const queue = new FairQueue({ ...limits, ...overrides }, () => new OverloadError());
  const served: string[] = [];
  const rejected: string[] = [];
  let free!: () => void;
  const busy = queue.run({ network: 'busy', account: 'busy' }, () => new Promise<void>((resolve) => (free = resolve)));
  const waits: Promise<unknown>[] = [busy];
  /** Asks for a turn of the form `network/account`. */
  const enter = (...names: string[]) => {
    for (const name of names) {
      const [network = '', account = ''] = name.split('/');
      const turn = queue.run({ network, account }, async () => void served.push(name));
      waits.push(turn.catch(() => void rejected.push(name)));
    }
  };
  const finish = async () => {
    free();
    await Promise.all(waits);
    expect(queue.load).toEqual({ running: 0, waiting: 0 });
  };
  return { queue, served, rejected, enter, finish };
}

const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

describe('FairQueue', () => {
  it('never runs more tasks at once than its limit', async () => {
    const queue = new FairQueue({ ...limits, concurrency: 3, maximumWaiting: 100 }, () => new OverloadError());
    let running = 0;
    let most = 0;
    const task = async () => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    await Promise.all(times(50, (index) => queue.run({ network: `${index % 7}`, account: `${index}` }, task)));
    expect(most).toBe(3);
    expect(queue.load).toEqual({ running: 0, waiting: 0 });
  });

  it('serves clients with one task each in the order of their arrival', async () => {
    const { served, enter, finish } = stage();
    const names = times(6, (index) => `n${index}/a${index}`);
    enter(...names);
    await finish();
    expect(served).toEqual(names);
  });

  it('serves a client early that arrives after a flood from one network at many accounts', async () => {
    const { served, enter, finish } = stage();
    enter(...times(8, (index) => `crowd/a${index}`), 'ada/ada');
    await finish();
    expect(served.indexOf('ada/ada')).toBeLessThan(4);
  });

  it('serves a client early that arrives after a flood from many networks at one account', async () => {
    const { served, enter, finish } = stage();
    enter(...times(8, (index) => `n${index}/victim`), 'ada/ada');
    await finish();
    expect(served.indexOf('ada/ada')).toBeLessThan(4);
  });

  it('rejects the newest task of the largest group if the queue is full for another network and account', async () => {
    const { served, rejected, enter, finish } = stage();
    enter('bob/bob', ...times(9, (index) => `crowd/a${index}`), 'ada/ada');
    await finish();
    expect(rejected).toEqual(['crowd/a8']);
    expect(served).toEqual(expect.arrayContaining(['ada/ada', 'bob/bob']));
  });

  it('keeps the place of an account owner while a few networks send many guesses at the account', async () => {
    const { served, rejected, enter, finish } = stage({ maximumWaitingPerAccount: 8 });
    enter(
      ...times(8, (index) => `n${index % 4}/victim`),
      'owner/victim',
      ...times(8, (index) => `n${index % 4}/victim`),
    );
    await finish();
    expect(served).toContain('owner/victim');
    expect(rejected).toHaveLength(9);
  });

  it('limits one account to its places, and leaves the other places to other accounts', async () => {
    const { served, rejected, enter, finish } = stage({ maximumWaitingPerAccount: 3 });
    enter(...times(20, (index) => `n${index}/victim`), ...times(7, (index) => `office/a${index}`));
    await finish();
    expect(rejected).toHaveLength(17);
    expect(served.filter((name) => name.startsWith('office/'))).toHaveLength(7);
  });

  it('rejects the newest task if every group has one task', async () => {
    const { rejected, enter, finish } = stage({ maximumWaiting: 2, maximumWaitingPerAccount: 2 });
    enter('n1/a1', 'n2/a2', 'n3/a3');
    await finish();
    expect(rejected).toEqual(['n3/a3']);
  });

  it('rejects a task that has waited too long, and never runs it', async () => {
    const { served, rejected, queue, enter, finish } = stage({ maximumWaitSeconds: 0.005 });
    enter('n1/a1');
    while (rejected.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(queue.load).toEqual({ running: 1, waiting: 0 });
    await finish();
    expect(served).toEqual([]);
  });

  it('starts the next task after a task has failed', async () => {
    const { queue, served, enter, finish } = stage();
    const failing = queue.run({ network: 'n1', account: 'a1' }, () => Promise.reject(new Error('broken')));
    enter('n2/a2');
    await Promise.all([expect(failing).rejects.toThrow('broken'), finish()]);
    expect(served).toEqual(['n2/a2']);
  });
});
