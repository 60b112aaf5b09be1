import { setTimeout as delay } from 'node:timers/promises';
import { CoreLoad } from './machine-load.js';
import type { Child } from '../cluster/child.js';
import { stayAwake } from './load.js';
import type { Work } from './load.js';
import { Runner, sliceTime } from './time-slicing.js';
import type { Bench } from '../section.js';

/** A contender: one of several processes that do the same work in different ways. */
export interface Contender {
  readonly name: string;
  readonly child: Child;
  /** The load of the contender; it never pauses on its own. */
  readonly start: () => Work;
  /** The minimum warm-up in seconds, for contenders whose speed does not show when compilation is done. Default 5. */
  readonly warmUpSeconds?: number;
  /** Prepares a turn. The preparation is not measured. */
  readonly prepare?: () => void;
  /** Whether the contender has no work left, which ends the turn. */
  readonly isSpent?: () => boolean;
  /**
   * Whether the load generator polls for answers without sleeping. Use it if the generator has its own core: otherwise
   * the slower of two servers would wake the generator more often.
   */
  readonly isSleepless?: boolean;
}

/** The length of a slice in seconds; see `sliceTime`. */
export const SLICE_SECONDS = 0.1;

/** Overrides the timing of turns, in seconds. */
interface Pace {
  readonly slice: number;
  /** The figures of one turn with several slices, for each contender. */
  readonly turn: number;
  /** Seconds after the start of a slice before it is measured. A turn is then one slice. */
  readonly settling?: number;
}

/** The number of rounds and of turns in each round. */
export type Terms = Pick<Bench, 'rounds' | 'seconds' | 'isQuick'> & Partial<Pace>;

/** A turn is repeated if other processes used more than this share of the server's core. */
const DISTURBED = 0.05;
const MAX_ATTEMPTS = 4;
const TURN_SECONDS = 1;

const MIN_WARM_UP_SECONDS = 5;
const MAX_WARM_UP_SECONDS = 60;
/** A server counts as warm if it does not get faster by at least this factor. */
const GAIN = 1.05;

interface Measured {
  readonly requests: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Attempt {
  readonly measured: readonly Measured[];
  readonly shareOfOthers: number;
}

/** The newly started contenders of a round. */
export interface Contenders {
  readonly contenders: readonly Contender[];
  readonly stop: () => Promise<unknown>;
}

/** The measurements of all contenders in every turn. */
export class Standings {
  constructor(private readonly turns: ReadonlyMap<string, readonly Measured[]>) {}

  /** Consecutive turns that belong together. */
  static joined(parts: readonly Standings[]): Standings {
    const [first] = parts;
    return new Standings(new Map(first!.names.map((name) => [name, parts.flatMap((part) => part.of(name))])));
  }

  get names(): string[] {
    return [...this.turns.keys()];
  }

  /** Answers per second, the median of all turns. */
  perSecond(name: string): number {
    return median(this.of(name).map(paceOf));
  }

  /** Processor time of the server for one answer, in microseconds. */
  cpuMicroseconds(name: string): number {
    return median(this.of(name).map(({ cpuSeconds, requests }) => (cpuSeconds / requests) * 1e6));
  }

  /** The share of one core that the server used. A value far below 1 means that the server was not the bottleneck. */
  cores(name: string): number {
    return median(this.of(name).map(({ cpuSeconds, seconds }) => cpuSeconds / seconds));
  }

  /** Answers for the same processor time, compared with another contender in the same turn. */
  ratio(name: string, to: string): number {
    const others = this.of(to);
    return median(
      this.of(name).map(
        ({ requests, cpuSeconds }, turn) => requests / cpuSeconds / (others[turn]!.requests / others[turn]!.cpuSeconds),
      ),
    );
  }

  /** Answers in the same time, compared with another contender in the same turn. */
  paceRatio(name: string, to: string): number {
    const others = this.of(to);
    return median(this.of(name).map((one, turn) => paceOf(one) / paceOf(others[turn]!)));
  }

  private of(name: string): readonly Measured[] {
    return this.turns.get(name)!;
  }
}

/**
 * Compares contenders. All are loaded but only one runs at a time, slice by slice, so that changes of the machine
 * affect all of them alike. Warms up until no contender gets faster, then measures several turns in each round. A
 * disturbed turn is repeated, and the least disturbed attempt counts.
 */
export async function compare(
  contenders: readonly Contender[],
  { rounds, seconds, isQuick, slice = SLICE_SECONDS, turn = TURN_SECONDS, settling }: Terms,
): Promise<Standings> {
  const pace = { slice, settling, turn: settling === undefined ? turn : slice };
  const working = contenders.map((contender) => new Working(contender));
  const fallAsleep = contenders.some(({ isSleepless }) => isSleepless) ? stayAwake() : undefined;
  const measured = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]));
  try {
    await warmUp(working, pace, isQuick);
    for (let round = 1; round <= rounds; round += 1) {
      for (let taken = 0; taken < seconds; taken += 1) {
        const attempted = await leastDisturbed(working, pace);
        contenders.forEach(({ name }, at) => measured.get(name)!.push(attempted.measured[at]!));
      }
      for (const { name } of contenders) {
        const ofRound = new Standings(new Map([[name, measured.get(name)!.slice(-seconds)]]));
        const figures = `${Math.round(ofRound.perSecond(name))}/s, ${ofRound.cpuMicroseconds(name).toFixed(1)} µs`;
        process.stderr.write(`  round ${round}: ${name}: ${figures}\n`);
      }
    }
  } finally {
    fallAsleep?.();
    await Promise.all(working.map((one) => one.stop()));
  }
  return new Standings(measured);
}

/**
 * Starts new processes in each round: two starts of one program differ by as much as a guard costs, because of their
 * memory layout and the order in which V8 compiled their functions.
 */
export async function compareFresh(start: () => Promise<Contenders>, { rounds, ...bench }: Bench): Promise<Standings> {
  const parts: Standings[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { contenders, stop } = await start();
    try {
      parts.push(await compare(contenders, { ...bench, rounds: 1 }));
    } finally {
      await stop();
    }
  }
  return Standings.joined(parts);
}

/** A running contender and the slices of its turns. */
class Working {
  readonly runner: Runner;
  private readonly work: Work;

  constructor(readonly contender: Contender) {
    this.runner = new Runner(contender.child);
    this.work = contender.start();
  }

  /** The total of its work, run time and usage. */
  sum(): Promise<Measured> {
    return this.runner.during(() => this.read());
  }

  /** The result of a slice of the given seconds, after the contender has run for a short while. */
  settled(settling: number, seconds: number): Promise<Measured> {
    return this.runner.during(async () => {
      await delay(settling * 1000);
      const before = await this.read();
      await delay(seconds * 1000);
      return difference(before, await this.read());
    });
  }

  private async read(): Promise<Measured> {
    const { cpuSeconds } = await this.contender.child.usage();
    return { requests: await this.work.count(), seconds: this.runner.seconds, cpuSeconds };
  }

  /** A contender without work starts again. */
  async stop(): Promise<void> {
    await this.work.stop();
    this.contender.child.resume();
  }
}

/**
 * Warms up until no contender has improved in two consecutive turns: compilation time depends on the machine and on the
 * amount of code. A contender that is warm keeps running, because a paused server would time out its clients.
 */
async function warmUp(working: readonly Working[], pace: Pace, isQuick: boolean): Promise<void> {
  const paces = working.map((): number[] => []);
  const isOver = (): boolean =>
    isQuick || isAnySpent(working) || working.every(({ contender }, at) => isWarm(contender, paces[at]!, pace.turn));
  do {
    const measured = await turnOf(working, pace);
    measured.forEach((one, at) => paces[at]!.push(paceOf(one)));
  } while (!isOver());
}

function isWarm(
  { warmUpSeconds = MIN_WARM_UP_SECONDS }: Contender,
  paces: readonly number[],
  turnSeconds: number,
): boolean {
  const seconds = paces.length * turnSeconds;
  if (seconds >= MAX_WARM_UP_SECONDS) return true;
  const best = Math.max(...paces.slice(0, -2));
  return seconds >= warmUpSeconds && paces.slice(-2).every((pace) => pace < best * GAIN);
}

async function leastDisturbed(working: readonly Working[], pace: Pace): Promise<Attempt> {
  const attempts: Attempt[] = [];
  do attempts.push(await attempt(working, pace));
  while (attempts.at(-1)!.shareOfOthers > DISTURBED && attempts.length < MAX_ATTEMPTS);
  return attempts.sort((one, other) => one.shareOfOthers - other.shareOfOthers)[0]!;
}

async function attempt(working: readonly Working[], pace: Pace): Promise<Attempt> {
  for (const { contender } of working) contender.prepare?.();
  const watch = new CoreLoad();
  const measured = await turnOf(working, pace);
  const own = measured.reduce((sum, one) => sum + one.cpuSeconds, 0);
  // Skips the first part of a slice, in which the process still settles.
  return { measured, shareOfOthers: pace.settling === undefined ? watch.shareOfOthers(own) : 0 };
}

async function turnOf(working: readonly Working[], { slice, turn, settling }: Pace): Promise<Measured[]> {
  if (settling !== undefined) return oneByOne(working, (one) => one.settled(settling, slice));
  const runners = working.map(({ runner }) => runner);
  const before = await oneByOne(working, (one) => one.sum());
  await sliceTime(runners, turn, slice, () => isAnySpent(working));
  const after = await oneByOne(working, (one) => one.sum());
  return working.map((_, at) => difference(before[at]!, after[at]!));
}

function isAnySpent(working: readonly Working[]): boolean {
  return working.some(({ contender }) => contender.isSpent?.());
}

async function oneByOne(
  working: readonly Working[],
  measure: (one: Working) => Promise<Measured>,
): Promise<Measured[]> {
  const all: Measured[] = [];
  for (const one of working) all.push(await measure(one));
  return all;
}

function difference(before: Measured, after: Measured): Measured {
  return {
    requests: after.requests - before.requests,
    seconds: after.seconds - before.seconds,
    cpuSeconds: after.cpuSeconds - before.cpuSeconds,
  };
}

function paceOf({ requests, seconds }: Measured): number {
  return requests / seconds;
}

/** The median; of an even number of values the upper one. */
export function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]!;
}
