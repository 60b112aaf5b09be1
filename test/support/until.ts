import { setTimeout as delay } from 'node:timers/promises';

/**
 * What the act answers, once that is something: for what follows an answer by itself, such as a mail or another replica.
 * @throws Error with the act's text when it is still nothing after so many milliseconds.
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
