interface Waiter {
  start(): void;
}

/**
 * Lets at most `limit` pieces of work run at once, and the others wait in the order of their coming, bounded by
 * number and by time. What does not fit is refused at once by the error that `refuse` makes.
 */
export class Semaphore {
  #running = 0;
  readonly #waiting = new Set<Waiter>();

  constructor(
    private readonly limit: number,
    private readonly queue: { maximumWaiting: number; maximumWaitMilliseconds: number },
    private readonly refuse: () => Error,
  ) {}

  /** How many pieces of work run, and how many wait. */
  get load(): { running: number; waiting: number } {
    return { running: this.#running, waiting: this.#waiting.size };
  }

  /**
   * The outcome of `work`, run when its turn comes.
   * @throws the error of `refuse`, when the queue is full or the turn did not come in time; `work` never ran then
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#turn();
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  #turn(): Promise<void> {
    if (this.#running < this.limit) {
      this.#running += 1;
      return Promise.resolve();
    }
    if (this.#waiting.size >= this.queue.maximumWaiting) return Promise.reject(this.refuse());
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        start: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiter);
        reject(this.refuse());
      }, this.queue.maximumWaitMilliseconds);
      this.#waiting.add(waiter);
    });
  }

  // The place goes to the next in line without being freed, so that a newcomer cannot overtake the queue.
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next);
    next.start();
  }
}
