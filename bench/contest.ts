import { setTimeout as sleep } from 'node:timers/promises';
import { CoreWatch, untilCalm } from './calm.js';
import type { Child } from './child.js';
import type { Answered } from './load.js';

/** One of several that do the same in different ways. */
export interface Contender {
  readonly name: string;
  readonly child: Child;
  /** What has to be there before a turn and is no part of it. */
  readonly prepare?: (round: number) => void | Promise<void>;
  /** One turn; round 0 is the warm-up and does not count. */
  readonly run: (round: number) => Promise<Answered>;
}

/** With more than this share of the server's core used by others a measurement is repeated. */
const DISTURBED = 0.05;
const MOST_ATTEMPTS = 4;

/** Answers that nobody waits for any more are finished before the next measurement begins. */
const PAUSE_MILLISECONDS = 100;

interface Measured {
  readonly perSecond: number;
  readonly cpuSeconds: number;
  readonly requests: number;
  readonly seconds: number;
}

interface Attempt extends Answered {
  readonly cpuSeconds: number;
  readonly shareOfOthers: number;
}

/** Those who compete in a round, freshly started. */
export interface Lineup {
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
    return median(this.of(name).map(({ perSecond }) => perSecond));
  }

  /** Processor time of the server for one answer, in microseconds. */
  cpuMicroseconds(name: string): number {
    return median(this.of(name).map(({ cpuSeconds, requests }) => (cpuSeconds / requests) * 1e6));
  }

  /** How much of one core the server was using: far below 1, somebody else was the bottleneck. */
  cores(name: string): number {
    return median(this.of(name).map(({ cpuSeconds, seconds }) => cpuSeconds / seconds));
  }

  /** Answers for the same processor time, compared with another contender in the turn beside it. */
  ratio(name: string, to: string): number {
    const others = this.of(to);
    return median(
      this.of(name).map(
        ({ requests, cpuSeconds }, turn) => requests / cpuSeconds / (others[turn]!.requests / others[turn]!.cpuSeconds),
      ),
    );
  }

  /** Answers in the same time, compared with another contender in the turn beside it. */
  paceRatio(name: string, to: string): number {
    const others = this.of(to);
    return median(this.of(name).map(({ perSecond }, turn) => perSecond / others[turn]!.perSecond));
  }

  private of(name: string): readonly Measured[] {
    return this.turns.get(name)!;
  }
}

/**
 * Lets them run in turn, A B C A B C, several turns a round: what the machine does meanwhile falls on all alike, and turns that lie
 * beside each other are compared. What others disturb is repeated, and of several disturbed attempts the least disturbed counts.
 */
export async function contest(contenders: readonly Contender[], rounds: number, turns: number): Promise<Standings> {
  const measured = new Map<string, Measured[]>(contenders.map(({ name }) => [name, []]));
  for (const { prepare, run } of contenders) {
    await prepare?.(0);
    await run(0);
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (let turn = 0; turn < turns; turn += 1) {
      for (const contender of contenders) {
        const { requests, seconds, cpuSeconds } = await leastDisturbed(contender, round);
        measured.get(contender.name)!.push({ requests, seconds, cpuSeconds, perSecond: requests / seconds });
      }
    }
    for (const { name } of contenders) {
      const ofRound = new Standings(new Map([[name, measured.get(name)!.slice(-turns)]]));
      const figures = `${Math.round(ofRound.perSecond(name))}/s, ${ofRound.cpuMicroseconds(name).toFixed(1)} µs`;
      process.stderr.write(`  round ${round}: ${name}: ${figures}\n`);
    }
  }
  return new Standings(measured);
}

/**
 * Every round with processes of its own: two starts of one program differ by as much as a guard costs, by where their memory lies
 * and by what the compiler saw first.
 */
export async function contestAnew(start: () => Promise<Lineup>, rounds: number, turns: number): Promise<Standings> {
  const parts: Standings[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { contenders, stop } = await start();
    try {
      parts.push(await contest(contenders, 1, turns));
    } finally {
      await stop();
    }
  }
  return Standings.joined(parts);
}

async function leastDisturbed(contender: Contender, round: number): Promise<Attempt> {
  const attempts: Attempt[] = [];
  do attempts.push(await attempt(contender, round));
  while (attempts.at(-1)!.shareOfOthers > DISTURBED && attempts.length < MOST_ATTEMPTS);
  return attempts.sort((one, other) => one.shareOfOthers - other.shareOfOthers)[0]!;
}

async function attempt({ child, prepare, run }: Contender, round: number): Promise<Attempt> {
  await sleep(PAUSE_MILLISECONDS);
  await prepare?.(round);
  await untilCalm();
  const watch = new CoreWatch();
  const before = await child.usage();
  const { requests, seconds } = await run(round);
  const after = await child.usage();
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  return {
    requests,
    seconds,
    cpuSeconds,
    shareOfOthers: watch.shareOfOthers(cpuSeconds),
  };
}

/** The one in the middle; the upper of two. */
export function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)]!;
}
