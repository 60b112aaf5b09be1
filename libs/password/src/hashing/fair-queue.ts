import { ResultGroups } from './result-groups.js';

/** Identifies the owner of a task. The queue shares places and turns among the values of each key. */
export interface QueueKeys {
  /** The network of the client. */
  readonly network: string;
  /** The account that the request names. */
  readonly account: string;
}

/** The limits of running and waiting tasks. */
export interface QueueLimits {
  readonly concurrency: number;
  readonly maximumWaiting: number;
  readonly maximumWaitingPerAccount: number;
  readonly maximumWaitSeconds: number;
  /** The delay of the error after a task lost its place. The delay makes immediate repetitions cheap. */
  readonly rejectionDelaySeconds: number;
}

interface Waiter extends QueueKeys {
  readonly start: () => unknown;
  readonly reject: () => unknown;
}

/** The waiters grouped by one key, in the order of their next turn. */
class Ring {
  private readonly groups = new Map<string, Set<Waiter>>();

  constructor(private readonly key: keyof QueueKeys) {}

  /** Returns the waiters with the same value of the key. */
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

  /** Returns the first waiter of the next group, and moves the group to the end of the ring. */
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
 * Runs a bounded number of tasks at once. The other tasks wait, and each client and each account gets its turns.
 *
 * Turns alternate between the next network and the next account. A flood from one network delays only that network,
 * and a flood at one account delays only that account. A full queue rejects the newest waiter of the largest group.
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

  /** The numbers of running and waiting tasks. */
  get load(): { running: number; waiting: number } {
    return { running: this.running, waiting: this.waiters.size };
  }

  /**
   * Runs `task` when its turn has come, and returns its result.
   * @throws the error of `overload`, without running the task, if the task loses its place or waits too long
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

  /** Returns the waiter that shares network and account with the most others; the newest of equals. */
  private mostCrowded(waiters: ReadonlySet<Waiter>): Waiter {
    let most = 0;
    let found!: Waiter;
    for (const waiter of waiters) {
      // The sum protects the owner of an attacked account: each attacker shares a network with more waiters.
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

  /** Hands the free place directly to a waiter, so that a new task cannot overtake the queue. */
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
