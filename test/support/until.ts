import { setTimeout as delay } from 'node:timers/promises';

/**
 * Repeats the act until it returns a truthy value, and returns that value. Use it for delayed effects, such as a mail
 * or another replica.
 *
 * @throws Error with the source text of the act if the time has passed
 */
export async function until<T>(act: () => T | Promise<T>, milliseconds = 10_000): Promise<T> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    const answer = await act();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`Not within ${milliseconds} ms: ${act.toString()}`);
    await delay(5);
  }
}
