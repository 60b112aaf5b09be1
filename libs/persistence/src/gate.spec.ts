import { setTimeout as pause } from 'node:timers/promises';
import { Gate } from './gate.js';

describe('Gate', () => {
  it('lets as many through at once as it is wide, and the others in the order in which they came', async () => {
    const gate = new Gate(2);
    const entered: number[] = [];
    let inside = 0;
    let most = 0;
    const works = Array.from({ length: 6 }, (_, index) =>
      gate.pass(async () => {
        entered.push(index);
        most = Math.max(most, (inside += 1));
        await pause(1);
        inside -= 1;
      }),
    );
    await Promise.all(works);
    expect(most).toBe(2);
    expect(entered).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('gives the place of a work that fails to the next', async () => {
    const gate = new Gate(1);
    await expect(gate.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(gate.pass(() => Promise.resolve('yes'))).resolves.toBe('yes');
  });
});
