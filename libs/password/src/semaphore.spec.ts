import { Semaphore } from './semaphore.js';

class FullError extends Error {}

const queue = { maximumWaiting: 10, maximumWaitMilliseconds: 1000 };
const semaphore = (limit: number, overrides: Partial<typeof queue> = {}) =>
  new Semaphore(limit, { ...queue, ...overrides }, () => new FullError());

/** Work that runs until it is told to end. */
function held() {
  let end!: () => void;
  const ended = new Promise<void>((resolve) => (end = resolve));
  return { work: () => ended, end };
}

describe('Semaphore', () => {
  it('never runs more than its limit at once', async () => {
    const slots = semaphore(3, { maximumWaiting: 100 });
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, (running += 1));
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    await Promise.all(Array.from({ length: 50 }, () => slots.run(work)));
    expect(most).toBe(3);
    expect(slots.load).toEqual({ running: 0, waiting: 0 });
  });

  it('serves those who wait in the order of their coming, and no newcomer before them', async () => {
    const slots = semaphore(1);
    const first = held();
    const order: number[] = [];
    const running = slots.run(first.work);
    const waiting = [1, 2, 3].map((n) => slots.run(async () => void order.push(n)));
    first.end();
    await running;
    waiting.push(slots.run(async () => void order.push(4)));
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3, 4]);
  });

  it('refuses at once when the queue is full', async () => {
    const slots = semaphore(1, { maximumWaiting: 1 });
    const first = held();
    const running = slots.run(first.work);
    const waiting = slots.run(async () => 'served');
    await expect(slots.run(async () => 'never')).rejects.toThrow(FullError);
    first.end();
    await running;
    await expect(waiting).resolves.toBe('served');
  });

  it('refuses whoever has waited too long, without running the work later', async () => {
    const slots = semaphore(1, { maximumWaitMilliseconds: 5 });
    const first = held();
    const running = slots.run(first.work);
    let hasRun = false;
    const late = slots.run(async () => void (hasRun = true));
    await expect(late).rejects.toThrow(FullError);
    first.end();
    await running;
    expect(hasRun).toBe(false);
    expect(slots.load).toEqual({ running: 0, waiting: 0 });
  });

  it('gives the place on when the work fails', async () => {
    const slots = semaphore(1);
    const failing = slots.run(() => Promise.reject(new Error('broken')));
    const next = slots.run(async () => 'served');
    await expect(failing).rejects.toThrow('broken');
    await expect(next).resolves.toBe('served');
  });
});
