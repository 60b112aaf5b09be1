import { ResultGroups } from './result-groups.js';

/** Whose work it is. Places and turns are shared among the values of each key. */
export interface QueueKeys {
  /** Where the request comes from: the network of the client. */
  readonly network: string;
  /** Which account the request is about. */
  readonly account: string;
}

/** How much may run, and how much may wait. */
export interface QueueLimits {
  readonly concurrency: number;
  readonly maximumWaiting: number;
  readonly maximumWaitingPerAccount: number;
  readonly maximumWaitSeconds: number;
  /** How long a task that lost its place waits for its error, so that a client that repeats at once costs little. */
  readonly rejectionDelaySeconds: number;
}

interface Waiter extends QueueKeys {
  readonly start: () => unknown;
  readonly reject: () => unknown;
}

/** The waiters of one key, and which value of the key has the next turn. */
class Ring {
  private readonly groups = new Map<string, Set<Waiter>>();

  constructor(private readonly key: keyof QueueKeys) {}

  /** The waiters with the same value of the key. */
  groupOf(keys: QueueKeys): ReadonlySet<Waiter> {
    return this.groups.get(keys[this.key]) ?? new Set();
  }

  add(waiter: Waiter): void {
    const group = this.groups.get(waiter[this.key]);
    if (group) group.add(waiter);
    else this.groups.set(waiter[this.key], new Set([waiter]));
  }

  delete(waiter: Waiter): void {
    const group = this.groups.get(waiter[this.key]);
    group?.delete(waiter);
    if (group?.size === 0) this.groups.delete(waiter[this.key]);
  }

  /** The first waiter of the group that has waited longest for a turn. The group goes to the end of the ring. */
  next(): Waiter | undefined {
    const [turn] = this.groups;
    if (turn === undefined) return undefined;
    const [value, group] = turn;
    this.groups.delete(value);
    this.groups.set(value, group);
    const [waiter] = group;
    return waiter;
  }
}

/**
 * Runs a bounded number of tasks at once. The others wait, and no client and no account can keep the rest from a turn.
 *
 * Turns go alternately to the next network and to the next account, so that a crowd of one network waits behind itself, and
 * so does a crowd of many networks at one account. If no place is left the newest waiter of the greatest crowd is rejected.
 */
export class FairQueue {
  private running = 0;
  private isAccountTurn = false;
  private readonly waiters = new Set<Waiter>();
  private readonly networks = new Ring('network');
  private readonly accounts = new Ring('account');

  constructor(
    private readonly limits: QueueLimits,
    private readonly overload: () => Error,
    private readonly results: ResultGroups = new ResultGroups(false),
  ) {}

  /** How many tasks run, and how many wait. */
  get load(): { running: number; waiting: number } {
    return { running: this.running, waiting: this.waiters.size };
  }

  /**
   * The result of `task`, which runs when its turn has come.
   * @throws the error of `overload` if the place is lost to others or the turn does not come in time; the task has not run then
   */
  async run<T>(keys: QueueKeys, task: () => Promise<T>): Promise<T> {
    if (this.running < this.limits.concurrency) this.running += 1;
    else await this.wait(keys);
    try {
      return await task();
    } finally {
      await this.results.settle(this.waiters.size, () => this.passOn());
    }
  }

  private wait(keys: QueueKeys): Promise<void> {
    return new Promise((resolve, reject) => {
      const { maximumWaitSeconds, rejectionDelaySeconds } = this.limits;
      const fail = () => reject(this.overload());
      const timer = setTimeout(() => (this.remove(waiter), fail()), maximumWaitSeconds * 1000);
      const waiter: Waiter = {
        ...keys,
        start: () => (clearTimeout(timer), resolve()),
        reject: () => (clearTimeout(timer), setTimeout(fail, rejectionDelaySeconds * 1000)),
      };
      this.add(waiter);
      const account = this.accounts.groupOf(waiter);
      if (account.size > this.limits.maximumWaitingPerAccount) this.reject(this.mostCrowded(account));
      else if (this.waiters.size > this.limits.maximumWaiting) this.reject(this.mostCrowded(this.waiters));
    });
  }

  private add(waiter: Waiter): void {
    this.waiters.add(waiter);
    this.networks.add(waiter);
    this.accounts.add(waiter);
  }

  /** Who shares network and account with the most others; the newest of several. */
  private mostCrowded(waiters: ReadonlySet<Waiter>): Waiter {
    let most = 0;
    let found!: Waiter;
    for (const waiter of waiters) {
      // The sum, so that the owner of an account that is under attack keeps the place among those who attack.
      const crowd = this.networks.groupOf(waiter).size + this.accounts.groupOf(waiter).size;
      if (crowd < most) continue;
      most = crowd;
      found = waiter;
    }
    return found;
  }

  private reject(waiter: Waiter): void {
    this.remove(waiter);
    waiter.reject();
  }

  private remove(waiter: Waiter): void {
    this.waiters.delete(waiter);
    this.networks.delete(waiter);
    this.accounts.delete(waiter);
  }

  /** Hands the free place to a waiter without freeing it, so that a newcomer cannot overtake the queue. */
  private passOn(): void {
    const waiter = (this.isAccountTurn ? this.accounts : this.networks).next();
    this.isAccountTurn = !this.isAccountTurn;
    if (waiter === undefined) {
      this.running -= 1;
      return;
    }
    this.remove(waiter);
    waiter.start();
  }
}
