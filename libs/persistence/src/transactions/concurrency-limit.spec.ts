import { setTimeout as delay } from 'node:timers/promises';
import { ConcurrencyLimit } from './concurrency-limit.js';

describe('ConcurrencyLimit', () => {
  async function most(
    limit: ConcurrencyLimit,
    act = (_index: number): void => undefined,
  ): Promise<{ most: number; order: number[] }> {
    const order: number[] = [];
    let inside = 0;
    let highest = 0;
    const works = Array.from({ length: 6 }, (_, index) =>
      limit.run(async () => {
        order.push(index);
        highest = Math.max(highest, (inside += 1));
        await delay(1);
        act(index);
        inside -= 1;
      }),
    );
    await Promise.all(works);
    return { most: highest, order };
  }

  it('a limit runs at most that number of tasks at once, and the others in their order', async () => {
    expect(await most(new ConcurrencyLimit(() => 2))).toEqual({ most: 2, order: [0, 1, 2, 3, 4, 5] });
  });

  it('a limit may change while tasks run, and allows at least one task', async () => {
    let width = 0;
    expect(await most(new ConcurrencyLimit(() => width))).toEqual({ most: 1, order: [0, 1, 2, 3, 4, 5] });
    const widened = await most(new ConcurrencyLimit(() => width), () => (width = 3));
    expect(widened).toEqual({ most: 3, order: [0, 1, 2, 3, 4, 5] });
  });

  it('a failed task frees its place for the next one', async () => {
    const limit = new ConcurrencyLimit(() => 1);
    await expect(limit.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(limit.run(() => Promise.resolve('yes'))).resolves.toBe('yes');
  });
});
