/** The parts of a response that are read. The response of the built-in `fetch` has them, too. */
export interface FetchedAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
  /** Whether the function has followed a redirect. Such a response is rejected. */
  readonly redirected?: boolean;
}

/**
 * A function with the signature of `fetch`, for the requests of Postern to an issuer.
 *
 * @example
 * ```ts
 * const dispatcher = new ProxyAgent('http://proxy.internal:3128'); // of undici
 * AuthModule.forRoot({ issuer, audience, fetch: (url, options) => undici.fetch(url, { ...options, dispatcher }) });
 * ```
 */
export type IssuerFetch = (
  url: URL,
  options: {
    readonly redirect: 'manual';
    readonly signal: AbortSignal;
    readonly headers: Record<string, string>;
  },
) => Promise<FetchedAnswer>;

/**
 * Calls the function of the application, which may ignore the signal or follow redirects.
 *
 * @throws the reason of the signal when it is aborted
 */
export async function fetchWith(
  send: IssuerFetch,
  url: URL,
  { signal, headers }: { signal: AbortSignal; headers: Record<string, string> },
): Promise<FetchedAnswer> {
  signal.throwIfAborted();
  let giveUp: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    const response = await Promise.race([send(url, { redirect: 'manual', signal, headers }), aborted]);
    // An open redirect at the issuer would let an attacker supply keys, or read the token of the feed.
    if (response.redirected === true) throw new Error('the function "fetch" of the settings has followed a redirect');
    return response;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
