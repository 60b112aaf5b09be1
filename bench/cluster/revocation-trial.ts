import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.js';
import { VerifierLoad } from '../measurement/verifier-load.js';
import type { Probe } from '../measurement/verifier-load.js';

const PER_SECOND = 1000;
/** One request in so many asks again about something that was refused already. */
const SECOND_LOOK_EVERY = 10;
const MAX_WAIT_SECONDS = 10;

/** A token whose end is watched at every verifier. */
interface Doomed {
  readonly token: string;
  /** When the answer to the revocation arrived; undefined before. */
  revokedAt?: number;
  /** By verifier: when the first refusal arrived. */
  readonly refusedAt: (number | undefined)[];
  /** By verifier: the turn in which it was last asked. */
  readonly askedIn: number[];
}

/** What was seen while a trial ran. */
export interface Seen {
  /** From the answer to the revocation to the first refusal, in milliseconds, for each token and verifier. */
  readonly delays: number[];
  /** Accepted after that verifier had refused it. */
  acceptedAfterRefusal: number;
  /** Tokens that nobody had revoked, refused. */
  validRefused: number;
  /** Answers in all. */
  answers: number;
}

/** Keeps every verifier of a cluster busy, with tokens that must be accepted and with tokens that are about to die. */
export class RevocationTrial {
  readonly seen: Seen = { delays: [], acceptedAfterRefusal: 0, validRefused: 0, answers: 0 };
  private readonly valid: string[];
  private readonly dying = new Set<Doomed>();
  private readonly dead: Doomed[] = [];
  private readonly loads: readonly VerifierLoad[];
  private turn = 0;

  /** @param valid tokens that all of them must accept */
  constructor(cluster: Cluster, valid: readonly string[]) {
    this.valid = [...valid];
    this.loads = cluster.resources.map((verifier, at) => new VerifierLoad(verifier, PER_SECOND, () => this.next(at)));
  }

  /** What each verifier has really been asked a second. */
  get rates(): number[] {
    return this.loads.map(({ rate }) => rate);
  }

  /** From now on these are presented too, and must be accepted. */
  accept(...tokens: string[]): void {
    this.valid.push(...tokens);
  }

  /** From now on these are not presented any more, unless by {@link revoke}. */
  withdraw(isConcerned: (token: string) => boolean): string[] {
    const withdrawn = this.valid.filter(isConcerned);
    const kept = this.valid.filter((token) => !isConcerned(token));
    this.valid.splice(0, this.valid.length, ...kept);
    return withdrawn;
  }

  /**
   * Revokes, and waits until every verifier has refused each of the tokens.
   *
   * @param act resolves when the answer to the revocation has arrived
   */
  async revoke(tokens: readonly string[], act: () => Promise<void>): Promise<void> {
    const doomed = tokens.map((token): Doomed => ({
      token,
      refusedAt: this.loads.map(() => undefined),
      askedIn: this.loads.map(() => 0),
    }));
    for (const one of doomed) this.dying.add(one);
    await act();
    const revokedAt = performance.now();
    for (const one of doomed) one.revokedAt = revokedAt;
    while (doomed.some((one) => this.dying.has(one))) {
      if (performance.now() - revokedAt > MAX_WAIT_SECONDS * 1000) {
        const open = doomed.map(({ refusedAt }) =>
          refusedAt.map((at) => (at === undefined ? 'open' : 'refused')).join(' '),
        );
        throw new Error(`A revoked token was not refused everywhere within ten seconds: ${open.join(', ')}.`);
      }
      for (const one of doomed.filter((other) => this.isRefusedEverywhere(other))) this.bury(one);
      await delay(2);
    }
  }

  /** @throws Error where a verifier could not be asked */
  stop(): void {
    for (const load of this.loads) load.stop();
  }

  private isRefusedEverywhere(one: Doomed): boolean {
    return this.dying.has(one) && one.refusedAt.every((at) => at !== undefined);
  }

  private bury(one: Doomed): void {
    this.dying.delete(one);
    this.dead.push(one);
    for (const at of one.refusedAt) this.seen.delays.push(Math.max(0, at! - one.revokedAt!));
  }

  private next(verifier: number): Probe {
    this.turn += 1;
    if (this.dead.length > 0 && this.turn % SECOND_LOOK_EVERY === 0) return this.secondLook();
    const open = [...this.dying].filter(({ refusedAt }) => refusedAt[verifier] === undefined);
    // Every other request goes on with what is valid, so that the verifier stays as busy with it is otherwise.
    if (open.length === 0 || this.turn % 2 === 1) return this.validLook();
    // Each in its turn: one that chance passes over would count as refused late.
    const next = open.reduce((one, other) => (other.askedIn[verifier]! < one.askedIn[verifier]! ? other : one));
    next.askedIn[verifier] = this.turn;
    return this.lastLook(next, verifier);
  }

  private validLook(): Probe {
    const token = this.valid[randomInt(this.valid.length)]!;
    return {
      token,
      answered: (status) => {
        this.seen.answers += 1;
        // Withdrawn while the request was on its way: it may have died already.
        if (status !== 200 && this.valid.includes(token)) this.seen.validRefused += 1;
      },
    };
  }

  private lastLook(one: Doomed, verifier: number): Probe {
    return {
      token: one.token,
      answered: (status, sentAt, answeredAt) => {
        this.seen.answers += 1;
        const refusedAt = one.refusedAt[verifier];
        if (status === 401) one.refusedAt[verifier] ??= answeredAt;
        else if (refusedAt !== undefined && sentAt > refusedAt) this.seen.acceptedAfterRefusal += 1;
      },
    };
  }

  private secondLook(): Probe {
    const { token } = this.dead[randomInt(this.dead.length)]!;
    return {
      token,
      answered: (status) => {
        this.seen.answers += 1;
        if (status !== 401) this.seen.acceptedAfterRefusal += 1;
      },
    };
  }
}
