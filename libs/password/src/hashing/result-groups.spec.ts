import { ResultGroups } from './result-groups.js';

function stage(hasSpareCore = false) {
  const groups = new ResultGroups(hasSpareCore);
  const steps: string[] = [];
  const finish = (name: string, waiting: number) =>
    groups.settle(waiting, () => void steps.push(`after ${name}`)).then(() => void steps.push(name));
  return { steps, finish };
}

const results = (steps: string[]) => steps.filter((step) => !step.startsWith('after'));
const names = Array.from({ length: 8 }, (_, index) => `r${index}`);

describe('ResultGroups', () => {
  it('resolves each result at once while fewer than eight tasks wait', async () => {
    const { steps, finish } = stage();
    await finish('r0', 7);
    expect(steps).toEqual(['after r0', 'r0']);
  });

  it('resolves eight results together while many tasks wait', async () => {
    const { steps, finish } = stage();
    const first = names.slice(0, 7).map((name) => finish(name, 20));
    await new Promise((resolve) => setImmediate(resolve));
    expect(results(steps)).toEqual([]);
    await Promise.all([...first, finish('r7', 20)]);
    expect(results(steps)).toEqual(names);
  });

  it.each([
    ['before the next task', false],
    ['beside the next task if a core is left', true],
  ])('lets the callers of a group go on %s', async (_, hasSpareCore) => {
    const { steps, finish } = stage(hasSpareCore);
    await Promise.all(names.map((name) => finish(name, 20)));
    await new Promise((resolve) => setImmediate(resolve));
    expect(steps.indexOf('after r7') < steps.indexOf('r0')).toBe(hasSpareCore);
    expect(steps).toContain('after r7');
  });

  it('resolves a result within 100 ms if the other results take longer', async () => {
    const { steps, finish } = stage();
    await finish('r0', 20);
    expect(results(steps)).toEqual(['r0']);
  });
});
