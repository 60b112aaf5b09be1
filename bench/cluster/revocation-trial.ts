import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.js';
import { VerifierLoad } from '../measurement/verifier-load.js';
import type { Probe } from '../measurement/verifier-load.js';

const PER_SECOND = 1000;
/** Every n-th request presents a token that was already rejected. */
const SECOND_LOOK_EVERY = 10;
const MAX_WAIT_SECONDS = 10;

/** A token whose revocation is observed at every verifier. */
interface Doomed {
  readonly token: string;
  /** When the answer to the revocation arrived; undefined before. */
  revokedAt?: number;
  /** The time of the first rejection, for each verifier. */
  readonly refusedAt: (number | undefined)[];
  /** The turn of the last request with this token, for each verifier. */
  readonly askedIn: number[];
}

/** The observations of one trial. */
export interface Seen {
  /** Milliseconds from the answer to the revocation to the first rejection, for each token and verifier. */
  readonly delays: number[];
  /** Revoked tokens that a verifier accepted after it had rejected them. */
  acceptedAfterRefusal: number;
  /** Valid tokens that a verifier rejected. */
  validRefused: number;
  /** The total number of answers. */
  answers: number;
}

/** Sends requests to every verifier of a cluster, with valid tokens and with tokens that will be revoked. */
export class RevocationTrial {
  readonly seen: Seen = { delays: [], acceptedAfterRefusal: 0, validRefused: 0, answers: 0 };
  private readonly valid: string[];
  private readonly dying = new Set<Doomed>();
  private readonly dead: Doomed[] = [];
  private readonly loads: readonly VerifierLoad[];
  private turn = 0;

  /** @param valid tokens that every verifier must accept */
  constructor(cluster: Cluster, valid: readonly string[]) {
    this.valid = [...valid];
    this.loads = cluster.resources.map((verifier, at) => new VerifierLoad(verifier, PER_SECOND, () => this.next(at)));
  }

  /** The actual requests per second at each verifier. */
  get rates(): number[] {
    return this.loads.map(({ rate }) => rate);
  }

  /** Also presents these tokens from now on; verifiers must accept them. */
  accept(...tokens: string[]): void {
    this.valid.push(...tokens);
  }

  /** Stops presenting these tokens, except in {@link revoke}. */
  withdraw(isConcerned: (token: string) => boolean): string[] {
    const withdrawn = this.valid.filter(isConcerned);
    const kept = this.valid.filter((token) => !isConcerned(token));
    this.valid.splice(0, this.valid.length, ...kept);
    return withdrawn;
  }

  /**
   * Revokes tokens and waits until every verifier has rejected each of them.
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
          refusedAt.map((at) => (at === undefined ? 'open' : 'rejected')).join(' '),
        );
        throw new Error(`Some verifiers did not reject a revoked token within ten seconds: ${open.join(', ')}.`);
      }
      for (const one of doomed.filter((other) => this.isRefusedEverywhere(other))) this.bury(one);
      await delay(2);
    }
  }

  /** @throws Error if a request to a verifier failed */
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
    // Every other request presents a valid token, so that the load stays the same.
    if (open.length === 0 || this.turn % 2 === 1) return this.validLook();
    // Tokens take turns. With random choice, a token that is skipped for a while would count as rejected late.
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
        // The token was withdrawn during the request and may be revoked already.
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
