import autocannon from 'autocannon';

/** Of every load. */
export const CONNECTIONS = 32;

/** One kind of request, made by every connection in turn for as long as the measurement lasts. */
export interface Load {
  readonly url: string;
  /** The requests of one connection, one after the other and then from the beginning. */
  readonly requests: (connection: number) => autocannon.Request[];
  /** How long; or how many requests in all, where `requests` is given instead. */
  readonly limit: { readonly seconds: number } | { readonly amount: number };
  /**
   * Whether the generator looks for answers without ever going to sleep, for whoever has its core to itself. To wake it would be
   * a cost of the server, and the slower of two servers would have to do it more often.
   */
  readonly isSleepless?: boolean;
  /** Answers that are expected beside those of 2xx. Default none. */
  readonly tolerates?: number;
}

/** What came of it. */
export interface Answered {
  readonly requests: number;
  /** Where the amount is given, from the first answer to the last: to write down so many requests takes its time. */
  readonly seconds: number;
}

/**
 * Sends the load and waits for its end.
 *
 * @throws Error where an answer is not a success: a fast refusal is no result
 */
export async function send({ url, requests, limit, isSleepless = false, tolerates = 0 }: Load): Promise<Answered> {
  let connection = 0;
  const options: autocannon.Options = {
    url,
    connections: CONNECTIONS,
    ...('seconds' in limit ? { duration: limit.seconds } : { amount: limit.amount }),
    setupClient: (client) => client.setRequests(requests(connection++)),
  };
  // It is both; its types know of one at a time.
  const instance = autocannon(options) as unknown as autocannon.Instance & PromiseLike<autocannon.Result>;
  const isCounted = 'amount' in limit;
  let began = performance.now();
  // autocannon notices that it is done at its next full second.
  let ended: number | undefined;
  if (isCounted) {
    instance.once('response', () => (began = performance.now()));
    instance.on('response', () => (ended = performance.now()));
  }
  let isRunning = isSleepless;
  const stayAwake = (): void => void (isRunning && setImmediate(stayAwake));
  stayAwake();
  const result = await instance;
  isRunning = false;
  const refused = result.non2xx + result.errors + result.timeouts;
  if (refused > tolerates) throw new Error(`${url}: ${refused} of ${result.requests.total} requests failed.`);
  const seconds = ((ended ?? performance.now()) - began) / 1000;
  // Between so many answers there is one pause less.
  return { requests: result.requests.total - (isCounted ? 1 : 0), seconds };
}

/** Turns of a warm-up, at least and at most. */
const LEAST_TURNS = 5;
const MOST_TURNS = 40;
/** By less than this factor a server does not get faster any more. */
const GAIN = 1.05;

/**
 * Runs turns of about a second until two of them in a row were no faster than the best before: how many seconds the compiler takes depends
 * on the machine, and on how much there is to compile.
 */
export async function untilWarm(turn: () => Promise<Answered>): Promise<Answered> {
  const paces: number[] = [];
  for (;;) {
    const answered = await turn();
    paces.push(answered.requests / answered.seconds);
    const best = Math.max(...paces.slice(0, -2));
    const isWarm = paces.length >= LEAST_TURNS && paces.slice(-2).every((pace) => pace < best * GAIN);
    if (isWarm || paces.length >= MOST_TURNS) return answered;
  }
}
