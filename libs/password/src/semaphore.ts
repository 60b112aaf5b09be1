interface Waiter {
  start(): void;
}

/** So many outcomes at most are told together, and only while as many wait for their turn. */
const TOLD_TOGETHER = 8;
/** No outcome is kept from its caller for longer. */
const LONGEST_KEPT_MILLISECONDS = 100;

/**
 * Lets at most `limit` pieces of work run at once, and the others wait in the order of their coming, bounded by
 * number and by time. What does not fit is refused at once by the error that `refuse` makes.
 *
 * In a crowd, outcomes are told in groups. What callers do next is little, but on the core where the work sweeps the
 * caches it costs several times as much after each piece of work as it does right after the same for somebody else;
 * done together, everybody is served sooner.
 */
export class Semaphore {
  #running = 0;
  readonly #waiting = new Set<Waiter>();
  readonly #kept: (() => void)[] = [];
  #longestKept: NodeJS.Timeout | undefined;

  constructor(
    private readonly limit: number,
    private readonly queue: { maximumWaiting: number; maximumWaitMilliseconds: number },
    private readonly refuse: () => Error,
    /** Whether there is a core on which no work runs: then what callers do next takes none from those in line. */
    private readonly hasSpareCore = false,
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
      await this.#told();
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

  /** Gives the place on, and resolves when the outcome may be told: with those of the others who are done, whether good or bad. */
  #told(): Promise<void> {
    const told = new Promise<void>((resolve) => this.#kept.push(resolve));
    const isCrowded = this.#waiting.size >= TOLD_TOGETHER;
    const isComplete = !isCrowded || this.#kept.length === TOLD_TOGETHER;
    if (isComplete) this.#tellAll();
    else this.#longestKept ??= setTimeout(() => this.#tellAll(), LONGEST_KEPT_MILLISECONDS);
    // Those who were told come first: what is next in line takes the core from them.
    if (isComplete && isCrowded && !this.hasSpareCore) setImmediate(() => this.#pass());
    else this.#pass();
    return told;
  }

  #tellAll(): void {
    clearTimeout(this.#longestKept);
    this.#longestKept = undefined;
    for (const tell of this.#kept.splice(0)) tell();
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
