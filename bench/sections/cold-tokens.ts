import { startChild } from '../child.js';
import { contestAnew, type Contender, type Lineup } from '../contest.js';
import { count, microseconds, ratio } from '../figures.js';
import { startLoad } from '../load.js';
import type { Bench, Outcome, Section } from '../section.js';
import { type BenchAlgorithm, type BenchKey, environmentOf, makeKey, makeTokens } from '../tokens.js';

/** Tokens of a turn, which lasts about a second; what makes them is slowest for RSA. */
const AMOUNTS: Readonly<Record<BenchAlgorithm, number>> = { ES256: 12 * 1024, RS256: 12 * 1024, HS256: 24 * 1024 };
/** More than are presented in a slice: whoever has fewer left ends the turn. */
const RESERVE = 4096;
/** The compiler needs seconds, not requests by the thousand, to make fast what a proof runs through: so many turns. */
const WARM_UP = 6;
const PROMISED = 0.8;

const server = (name: string): URL => new URL(`../servers/${name}.ts`, import.meta.url);

/** What a first proof costs: signature, strict reading, and passport around them. */
export const coldTokens: Section = {
  name: 'cold',
  title: 'A route and its guard, each token seen once',
  explains: `The same route; no server is shown a token twice, so nothing can be remembered. The hand-written guard is what a
careful team writes: \`jsonwebtoken.verify\` with a key made once, an explicit algorithm, issuer and audience, and without
passport, strict reading of the token, revocations or a frozen principal. RSA keys have 2048 bits here. An HS256 signature costs
next to nothing, so there the comparison is of what stands around it.`,
  measure,
};

async function measure(bench: Bench): Promise<Outcome> {
  const algorithms = Object.keys(AMOUNTS) as BenchAlgorithm[];
  const rows: string[][] = [];
  const ratios: number[] = [];
  for (const algorithm of algorithms) {
    const key = makeKey(algorithm);
    // Each process is shown them once: every round has new ones.
    const warmUp = makeTokens(key, AMOUNTS[algorithm] * WARM_UP);
    const names = [`hand-written guard, ${algorithm}`, `\`JwtAuthGuard\`, ${algorithm}`] as const;
    const start = async (): Promise<Lineup> => {
      const contenders = await Promise.all([
        contender(names[0], server('hand-written'), key, warmUp),
        contender(names[1], server('guarded'), key, warmUp),
      ]);
      return { contenders, stop: () => Promise.all(contenders.map(({ child }) => child.stop())) };
    };
    const result = await contestAnew(start, bench);
    ratios.push(result.ratio(names[1], names[0]));
    for (const name of names) {
      rows.push([
        name,
        count(result.perSecond(name)),
        microseconds(result.cpuMicroseconds(name)),
        ratio(result.ratio(name, names[0])),
      ]);
    }
  }
  return {
    tables: [
      { columns: ['Server', 'Answers/s', 'Processor time an answer', 'Answers for the same processor time'], rows },
    ],
    goals: algorithms.map((algorithm, at) => ({
      promise: `each token seen once, ${algorithm}: ≥ ${ratio(PROMISED)} of the hand-written guard`,
      reached: ratio(ratios[at]!),
      isMet: ratios[at]! >= PROMISED,
    })),
  };
}

async function contender(name: string, program: URL, key: BenchKey, warmUp: readonly string[]): Promise<Contender> {
  const child = await startChild(program, { environment: environmentOf(key) });
  let tokens = [...warmUp];
  return {
    name,
    child,
    isSleepless: true,
    // New ones, for what was presented once is remembered.
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
