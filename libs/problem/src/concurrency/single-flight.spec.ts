import { SingleFlight } from './single-flight.js';

describe('SingleFlight', () => {
  const setUp = () => {
    const runs: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
    const flight = new SingleFlight(() => new Promise<number>((resolve, reject) => runs.push({ resolve, reject })));
    return { runs, flight };
  };

  it('SingleFlight gives all callers of join() the run in progress', async () => {
    const { runs, flight } = setUp();
    const results = [flight.join(), flight.join()];
    runs[0]!.resolve(1);
    expect(await Promise.all(results)).toEqual([1, 1]);
    const later = flight.join();
    runs[1]!.resolve(2);
    expect(await later).toBe(2);
  });

  it('SingleFlight gives all callers of after() one run that begins after the run in progress, even if that fails', async () => {
    const { runs, flight } = setUp();
    const failed = flight.join();
    const results = [flight.after(), flight.after()];
    await Promise.resolve();
    expect(runs).toHaveLength(1);
    runs[0]!.reject(new Error('the database is away'));
    await expect(failed).rejects.toThrow('away');
    await new Promise(setImmediate);
    expect(runs).toHaveLength(2);
    runs[1]!.resolve(2);
    expect(await Promise.all(results)).toEqual([2, 2]);
  });
});
