import { Semaphore } from './semaphore.js';

class FullError extends Error {}

const queue = { maximumWaiting: 10, maximumWaitMilliseconds: 1000 };
const semaphore = (limit: number, overrides: Partial<typeof queue> = {}, hasSpareCore = false) =>
  new Semaphore(limit, { ...queue, ...overrides }, () => new FullError(), hasSpareCore);

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

  describe('where many wait', () => {
    const crowd = { maximumWaiting: 100 };

    it('tells outcomes in groups, good and bad, and the last ones one by one', async () => {
      const slots = semaphore(1, crowd);
      const told: number[] = [];
      const toldBefore: number[] = [];
      const work = (n: number) => async () => {
        await new Promise((resolve) => setImmediate(resolve));
        toldBefore.push(told.length);
        if (n % 2 === 1) throw new Error('broken');
      };
      const tell = (n: number) => () => void told.push(n);
      await Promise.all(Array.from({ length: 20 }, (_, n) => slots.run(work(n)).then(tell(n), tell(n))));
      expect(told).toEqual(Array.from({ length: 20 }, (_, n) => n));
      expect(toldBefore).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 8, 8, 8, 8, 8, 13, 14, 15, 16, 17, 18, 19]);
      expect(slots.load).toEqual({ running: 0, waiting: 0 });
    });

    it.each([
      ['before the next in line', false],
      ['beside the next in line, where there is a core for both', true],
    ])('lets those who were told go on %s', async (_, hasSpareCore) => {
      const slots = semaphore(1, crowd, hasSpareCore);
      const order: string[] = [];
      const first = Array.from({ length: 8 }, async (_member, n) => {
        await slots.run(async () => undefined);
        order.push(`told ${n}`);
        await Promise.resolve();
        order.push(`gone on ${n}`);
      });
      const next = Array.from({ length: 9 }, (_member, n) => slots.run(async () => void order.push(`next ${n}`)));
      await Promise.all([...first, ...next]);
      expect(order.slice(0, 16).some((step) => step.startsWith('next'))).toBe(hasSpareCore);
    });

    it('keeps no outcome from its caller for long, however long the others take', async () => {
      const slots = semaphore(1, crowd);
      const endless = held();
      const done = slots.run(async () => 'served');
      const others = Array.from({ length: 10 }, () => slots.run(endless.work));
      await expect(done).resolves.toBe('served');
      expect(slots.load).toEqual({ running: 1, waiting: 9 });
      endless.end();
      await Promise.all(others);
    });
  });
});
