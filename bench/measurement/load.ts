import autocannon from 'autocannon';

/** Connections of every load. */
export const CONNECTIONS = 32;
/** Longer than any comparison, because a suspended process answers no request. */
const MAX_SECONDS = 24 * 3600;

/** A kind of request. Each connection repeats it and waits for the answer before it sends the next. */
export interface Load {
  readonly url: string;
  /** The requests of one connection, sent in order and then from the beginning. */
  readonly requests: (connection: number) => autocannon.Request[];
}

/** A load that runs until it is stopped. */
export interface Work {
  /**
   * The number of completed requests.
   *
   * @throws Error if a request failed: a fast rejection must not count as a result
   */
  count(): number | Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts a load. Connections stay open: with no open connection, V8 may discard the compiled code for sockets and
 * requests.
 */
export function startLoad({ url, requests }: Load): Work {
  let connection = 0;
  let answers = 0;
  let failure: string | undefined;
  // The value is both types; its declaration allows only one.
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

/**
 * Keeps the load generator from sleeping, because the server would pay for waking it up. Returns the function that
 * stops this.
 */
export function stayAwake(): () => void {
  let isOver = false;
  const again = (): void => void (isOver || setImmediate(again));
  again();
  return () => (isOver = true);
}
