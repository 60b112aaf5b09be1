import { startChild } from '../cluster/child.js';
import { compareFresh } from '../measurement/comparison.js';
import type { Contender, Contenders } from '../measurement/comparison.js';
import { count, microseconds, ratio } from '../formatting.js';
import { startLoad } from '../measurement/load.js';
import type { Bench, Goal, Outcome, Section } from '../section.js';
import { environmentOf, makeKey, makeTokens } from '../cluster/tokens.js';
import type { BenchAlgorithm, BenchKey } from '../cluster/tokens.js';

/** Tokens of a turn of about a second. Signing them takes longest for RSA. */
const AMOUNTS: Readonly<Record<BenchAlgorithm, number>> = { ES256: 12 * 1024, RS256: 12 * 1024, HS256: 24 * 1024 };
/** More tokens than a slice presents. The first contender without tokens ends the turn. */
const RESERVE = 4096;
/** Turns of warm-up: compiling the verification takes seconds, not thousands of requests. */
const WARM_UP = 6;
const PROMISED = 1.15;
/** The share of the processor time that the build of `--against` needs for an ES256 token. */
const PROMISED_SHARE = 0.75;

const server = (name: string): URL => new URL(`../servers/${name}.ts`, import.meta.url);

/** The cost of the first verification of a token. */
export const coldTokens: Section = {
  name: 'cold',
  title: 'A route and its guard, each token seen once',
  explains: `The same route, but each server sees each token once, so that caches do not help. The hand-written guard is what a
careful team writes: \`jsonwebtoken.verify\` with one key object, an explicit algorithm, issuer and audience, but without
strict parsing of the token, revocations or a frozen principal. *Signature alone* is the physical limit: the route, and one
\`crypto.verify\` (for HS256 one HMAC) before it. RSA keys have 2048 bits here.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const algorithms = Object.keys(AMOUNTS) as BenchAlgorithm[];
  const rows: string[][] = [];
  const goals: Goal[] = [];
  for (const algorithm of algorithms) {
    const key = makeKey(algorithm);
    // A process sees each token once: every round has new tokens.
    const warmUp = makeTokens(key, AMOUNTS[algorithm] * WARM_UP);
    const handWritten = `hand-written guard, ${algorithm}`;
    const guarded = bench.builds.map((build) => build.label(`\`JwtAuthGuard\`, ${algorithm}`));
    const start = async (): Promise<Contenders> => {
      const contenders = await Promise.all([
        contender(handWritten, server('hand-written'), key, warmUp),
        contender(`signature alone, ${algorithm}`, server('signature-only'), key, warmUp),
        ...bench.builds.map((build, at) =>
          contender(guarded[at]!, build.program('bench/servers/guarded.ts'), key, warmUp),
        ),
      ]);
      return { contenders, stop: () => Promise.all(contenders.map(({ child }) => child.stop())) };
    };
    const result = await compareFresh(start, bench);
    const reached = result.ratio(guarded[0]!, handWritten);
    goals.push({
      promise: `each token seen once, ${algorithm}: ≥ ${ratio(PROMISED)} of the hand-written guard`,
      reached: ratio(reached),
      isMet: reached >= PROMISED,
    });
    if (algorithm === 'ES256' && guarded[1] !== undefined) {
      const share = 1 / result.ratio(guarded[0]!, guarded[1]);
      goals.push({
        promise: `each token seen once, ES256: ≤ ${ratio(PROMISED_SHARE)} of the processor time of the compared build`,
        reached: ratio(share),
        isMet: share <= PROMISED_SHARE,
      });
    }
    for (const name of result.names) {
      rows.push([
        name,
        count(result.perSecond(name)),
        microseconds(result.cpuMicroseconds(name)),
        ratio(result.ratio(name, handWritten)),
      ]);
    }
  }
  return {
    tables: [
      { columns: ['Server', 'Answers/s', 'Processor time an answer', 'Answers for the same processor time'], rows },
    ],
    goals,
  };
}

async function contender(name: string, program: URL, key: BenchKey, warmUp: readonly string[]): Promise<Contender> {
  const child = await startChild(program, { environment: environmentOf(key) });
  let tokens = [...warmUp];
  return {
    name,
    child,
    isSleepless: true,
    // New tokens, because the server caches tokens that it has seen.
    prepare: () => void (tokens = [...tokens, ...makeTokens(key, AMOUNTS[key.algorithm] - tokens.length)]),
    isSpent: () => tokens.length < RESERVE,
    start: () =>
      startLoad({
        url: child.url,
        requests: () => [
          {
            method: 'GET',
            path: '/hello',
            setupRequest: (request) => ({ ...request, headers: { authorization: `Bearer ${next()}` } }),
          },
        ],
      }),
  };

  function next(): string {
    const token = tokens.pop();
    if (token === undefined) throw new Error(`The bench has too few tokens for ${name}.`);
    return token;
  }
}
