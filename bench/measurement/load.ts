import autocannon from 'autocannon';

/** Of every load. */
export const CONNECTIONS = 32;
/** Longer than any comparison; who is not let run answers nobody meanwhile. */
const MAX_SECONDS = 24 * 3600;

/** One kind of request, made over and over by each connection, which waits for the answer before the next. */
export interface Load {
  readonly url: string;
  /** The requests of one connection, one after the other and then from the beginning. */
  readonly requests: (connection: number) => autocannon.Request[];
}

/** Something that goes on until it is stopped. */
export interface Work {
  /** How often it was done until now. @throws Error where it failed once: a fast refusal is no result */
  count(): number | Promise<number>;
  stop(): Promise<void>;
}

/**
 * Begins a load. The connections stay open all the time: where none is open for a moment, V8 may forget what it knew of sockets and
 * requests, and compile everything anew.
 */
export function startLoad({ url, requests }: Load): Work {
  let connection = 0;
  let answers = 0;
  let failure: string | undefined;
  // It is both; its types know of one at a time.
  const instance = autocannon({
    url,
    connections: CONNECTIONS,
    duration: MAX_SECONDS,
    timeout: MAX_SECONDS,
    setupClient: (client) => client.setRequests(requests(connection++)),
  }) as unknown as autocannon.Instance & PromiseLike<autocannon.Result>;
  instance.on('response', (_, status) => {
    answers += 1;
    if (status < 200 || status > 299) failure ??= `answers ${status}`;
  });
  instance.on('reqError', (error: Error) => (failure ??= error.message));
  return {
    count: () => {
      if (failure !== undefined) throw new Error(`${url}: ${failure}`);
      return answers;
    },
    stop: async () => {
      instance.stop();
      await instance;
    },
  };
}

/** Keeps this process, the load generator, from going to sleep: to wake it would be a cost of the server. Answers what ends that. */
export function stayAwake(): () => void {
  let isOver = false;
  const again = (): void => void (isOver || setImmediate(again));
  again();
  return () => (isOver = true);
}
