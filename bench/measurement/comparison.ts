import { setTimeout as delay } from 'node:timers/promises';
import { CoreLoad } from './machine-load.js';
import type { Child } from '../cluster/child.js';
import { stayAwake } from './load.js';
import type { Work } from './load.js';
import { Runner, sliceTime } from './time-slicing.js';
import type { Bench } from '../section.js';

/** One of several that do the same in different ways, each in a process of its own. */
export interface Contender {
  readonly name: string;
  readonly child: Child;
  /** What it does, all the time. */
  readonly start: () => Work;
  /** So many seconds or more until the compiler has made its code fast; where it shows no sooner by what it does. Default 5. */
  readonly warmUpSeconds?: number;
  /** What has to be there before a turn and is no part of it. */
  readonly prepare?: () => void;
  /** Whether it has nothing left to do, which ends the turn. */
  readonly isSpent?: () => boolean;
  /**
   * Whether the load generator looks for answers without ever going to sleep, for who has its core to itself: the slower of two servers
   * would wake it more often.
   */
  readonly isSleepless?: boolean;
}

/** For how long one runs before the next, in seconds; see `sliceTime`. */
export const SLICE_SECONDS = 0.1;

/** How contenders take turns, unless in the usual way; all in seconds. */
interface Pace {
  readonly slice: number;
  /** Of a turn of several slices, for each contender. */
  readonly turn: number;
  /** How long after each beginning one is looked at; then a turn is one slice. */
  readonly settling?: number;
}

/** How many rounds, of how many turns. */
export type Terms = Pick<Bench, 'rounds' | 'seconds' | 'isQuick'> & Partial<Pace>;

/** With more than this share of the server's core used by others a turn is repeated. */
const DISTURBED = 0.05;
const MAX_ATTEMPTS = 4;
const TURN_SECONDS = 1;

const MIN_WARM_UP_SECONDS = 5;
const MAX_WARM_UP_SECONDS = 60;
/** By less than this factor a server does not get faster any more. */
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

/** Those who compete in a round, freshly started. */
export interface Contenders {
  readonly contenders: readonly Contender[];
  readonly stop: () => Promise<unknown>;
}

/** What was measured of all contenders, in every turn. */
export class Standings {
  constructor(private readonly turns: ReadonlyMap<string, readonly Measured[]>) {}

  /** Turns that belong together, one after the other. */
  static joined(parts: readonly Standings[]): Standings {
    const [first] = parts;
    return new Standings(new Map(first!.names.map((name) => [name, parts.flatMap((part) => part.of(name))])));
  }

  get names(): string[] {
    return [...this.turns.keys()];
  }

  /** Answers a second, the median of the turns. */
  perSecond(name: string): number {
    return median(this.of(name).map(paceOf));
  }

  /** Processor time of the server for one answer, in microseconds. */
  cpuMicroseconds(name: string): number {
    return median(this.of(name).map(({ cpuSeconds, requests }) => (cpuSeconds / requests) * 1e6));
  }

  /** How much of one core the server was using: far below 1, somebody else was the bottleneck. */
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
 * Has all of them at work, of which one runs at a time, slice by slice: what the machine does meanwhile falls on all alike. First
 * until they get no faster, then several turns a round. What others disturb is repeated, and of several disturbed attempts the least
 * disturbed counts.
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
 * Every round with processes of its own: two starts of one program differ by as much as a guard costs, by where their memory lies
 * and by what the compiler saw first.
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

/** A contender at work, in the slices that it is given. */
class Working {
  readonly runner: Runner;
  private readonly work: Work;

  constructor(readonly contender: Contender) {
    this.runner = new Runner(contender.child);
    this.work = contender.start();
  }

  /** All that it has done, had and used until now. */
  sum(): Promise<Measured> {
    return this.runner.during(() => this.read());
  }

  /** What it does in so many seconds, once it has been let run for a while. */
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

  /** It runs again when it has nothing to do any more. */
  async stop(): Promise<void> {
    await this.work.stop();
    this.contender.child.resume();
  }
}

/**
 * Until in two turns in a row nobody was faster than in his best before: how long the compiler takes depends on the machine, and on
 * how much there is to compile. Nobody is left out for being warm: a server that stood still for so long would refuse whom it kept waiting.
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
  // What settles is not measured, and would pass for others.
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

/** The one in the middle; the upper of two. */
export function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]!;
}
