import { setTimeout as delay } from 'node:timers/promises';
import { AbortableRequest } from '../keys/abortable-request.js';
import { DiscoveredUrl } from '../keys/discovered-url.js';
import { EventStreamParser } from './event-stream-parser.js';
import { readBounded } from '../keys/fetch-json.js';
import { fetchWith } from '../keys/issuer-fetch.js';
import type { FetchedAnswer } from '../keys/issuer-fetch.js';
import { checkedAddress, discoverRevocations } from '../keys/issuer-discovery.js';
import { checkedRevocationSettings } from '../settings/revocation-settings.js';
import { checkedCursor, readPage, sequenceOf } from './feed-message.js';
import type { FeedMessage, FeedPage } from './feed-message.js';
import type { IssuerSettings } from '../settings/auth-settings.js';

const CONNECT_MILLISECONDS = 5000;
const MAX_PAGE_BYTES = 2_000_000;
const MAX_WAIT_SECONDS = 25;
/** The minimum time between two requests if a response did not advance the cursor. */
const MIN_ROUND_MILLISECONDS = 500;
const SILENCE = 'the feed is silent (timeout)';
const SILENT_STREAM = 'the stream of the feed is silent (timeout), so the next requests are polls';
/** How long the client polls at least, after a silent stream, if polls work. */
const MIN_POLLING_MILLISECONDS = 300_000;

/**
 * The client of one issuer's revocation feed: one connection at a time, with limits of time and size. It polls after a
 * stream without a position, which a proxy or a compressing server holds back. After a failed poll, it tries the stream
 * again: at once if no poll has worked, else after five minutes.
 */
export class RevocationFeedClient {
  private readonly transport: 'sse' | 'poll';
  private readonly idleMilliseconds: number;
  private readonly waitSeconds: number;
  private readonly allowInsecure: boolean;
  private readonly address: URL | DiscoveredUrl;
  /** When the client began to poll in place of a silent stream, in milliseconds of `performance.now()`. */
  private pollingSince: number | undefined;

  /** @throws Error that names the setting and the fix */
  constructor(private readonly settings: IssuerSettings) {
    const { transport, maximumSilenceSeconds } = checkedRevocationSettings(settings);
    this.transport = transport;
    // Half of the allowed silence leaves time to connect to another replica before the guard answers 503.
    this.idleMilliseconds = Math.max(2000, maximumSilenceSeconds * 500);
    this.waitSeconds = Math.min(MAX_WAIT_SECONDS, Math.floor(maximumSilenceSeconds / 2));
    this.allowInsecure = settings.jwks?.allowInsecure ?? false;
    const uri = settings.revocations?.uri;
    const address = checkedAddress(uri ?? settings.issuer, this.allowInsecure);
    this.address =
      uri === undefined ? new DiscoveredUrl((limits) => discoverRevocations(settings.issuer, limits)) : address;
  }

  /**
   * Connects, and yields messages until the connection ends.
   *
   * @param cursor the last position; if it is absent or unknown to the feed, the feed sends a snapshot first
   * @throws Error that names the defect
   */
  messages(cursor: string | undefined, stopping: AbortSignal): AsyncGenerator<FeedMessage> {
    if (this.transport === 'poll') return this.poll(cursor, stopping);
    return this.pollingSince === undefined ? this.stream(cursor, stopping) : this.pollForStream(cursor, stopping);
  }

  /** Polls in place of a silent stream. */
  private async *pollForStream(cursor: string | undefined, stopping: AbortSignal): AsyncGenerator<FeedMessage> {
    let hasWorked = false;
    try {
      for await (const message of this.poll(cursor, stopping)) {
        hasWorked = true;
        yield message;
      }
    } finally {
      const isOver = performance.now() - this.pollingSince! > MIN_POLLING_MILLISECONDS;
      if (!hasWorked || isOver) this.pollingSince = undefined;
    }
  }

  private async *stream(cursor: string | undefined, stopping: AbortSignal): AsyncGenerator<FeedMessage> {
    const attempt = new AbortableRequest(stopping);
    attempt.limit(CONNECT_MILLISECONDS, SILENCE);
    let hasPosition = false;
    let isSent = false;
    const onSend = (): void => void (isSent = true);
    try {
      const response = await this.request({ signal: attempt.signal, accept: 'text/event-stream', cursor, onSend });
      const parser = new EventStreamParser();
      attempt.limit(this.idleMilliseconds, SILENCE);
      for await (const chunk of response.body ?? []) {
        for (const { type, data, id } of parser.push(chunk)) {
          // Comments do not extend the time: a proxy may write them for a feed that is gone.
          attempt.extend();
          hasPosition ||= type === 'position';
          if (type === 'reset') yield { type };
          else if (type === 'set') yield { type, text: data, cursor: checkedCursor(id) };
          else if (type === 'position') yield { type, sequence: sequenceOf(data), cursor: checkedCursor(id) };
        }
      }
      throw new Error('the feed has ended the stream');
    } catch (error) {
      // A buffering server may hold back the head of the response, too.
      const isSilent = isSent && attempt.signal.aborted && !stopping.aborted;
      if (!isSilent || hasPosition) throw error;
      this.pollingSince = performance.now();
      throw new Error(SILENT_STREAM, { cause: error });
    } finally {
      attempt.end();
    }
  }

  private async *poll(from: string | undefined, stopping: AbortSignal): AsyncGenerator<FeedMessage> {
    let cursor = from;
    // The first request does not wait, because revocations are unknown until the first response.
    let wait = 0;
    for (;;) {
      const sentAt = performance.now();
      const page = await this.ask(cursor, wait, stopping);
      if (page.reset) yield { type: 'reset' };
      for (const text of page.sets) yield { type: 'set', text };
      if (!page.hasMore) yield { type: 'position', sequence: page.sequence, cursor: page.cursor };
      const hasMoved = page.cursor !== cursor && !(page.reset && cursor !== undefined);
      // A proxy may drop the query, and then returns the same response immediately and forever.
      const pause = hasMoved ? 0 : sentAt + MIN_ROUND_MILLISECONDS - performance.now();
      if (pause > 0) await delay(pause, undefined, { signal: stopping });
      cursor = page.cursor;
      wait = this.waitSeconds;
    }
  }

  private async ask(cursor: string | undefined, wait: number, stopping: AbortSignal): Promise<FeedPage> {
    const attempt = new AbortableRequest(stopping);
    attempt.limit(CONNECT_MILLISECONDS + wait * 1000, SILENCE);
    try {
      const response = await this.request({ signal: attempt.signal, accept: 'application/json', cursor, wait });
      return readPage(await readBounded(response, MAX_PAGE_BYTES));
    } finally {
      attempt.end();
    }
  }

  private async request(options: {
    signal: AbortSignal;
    accept: string;
    cursor: string | undefined;
    wait?: number;
    onSend?: () => void;
  }): Promise<FetchedAnswer> {
    const { signal, accept, cursor, wait, onSend } = options;
    const address = new URL(await this.find(signal));
    if (wait !== undefined) {
      address.searchParams.set('wait', String(wait));
      if (cursor !== undefined) address.searchParams.set('after', cursor);
    }
    const authorization = `Bearer ${await this.token(signal)}`;
    const headers: Record<string, string> = { accept, 'accept-encoding': 'identity', authorization };
    if (wait === undefined && cursor !== undefined) headers['last-event-id'] = cursor;
    onSend?.();
    // No redirects: only this URL may get the token.
    const response = await fetchWith(this.settings.fetch ?? fetch, address, { signal, headers }).catch(
      (error: unknown) => {
        this.doubtAddress();
        throw error;
      },
    );
    const type = response.headers.get('content-type') ?? '';
    if (response.status === 200 && type.split(';', 1)[0]!.trim().toLowerCase() === accept) return response;
    // The attempt ends now, which aborts the rest of the response.
    this.doubtAddress();
    const defect = defectOf(response.status, type);
    throw response.status === 401 ? new FeedTokenRefusedError(defect) : new Error(defect);
  }

  /** The application's function may never settle, so the timeout of the request applies to it as well. */
  private async token(signal: AbortSignal): Promise<string> {
    const { token } = this.settings.revocations!;
    if (typeof token !== 'function') return token!;
    signal.throwIfAborted();
    let giveUp = (): void => undefined;
    const timeout = new Promise<never>((_, reject) => {
      giveUp = () => reject(new Error('the function of "revocations.token" did not settle in time (timeout)'));
      signal.addEventListener('abort', giveUp, { once: true });
    });
    try {
      return await Promise.race([token(), timeout]);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  private find(signal: AbortSignal): URL | Promise<URL> {
    if (!(this.address instanceof DiscoveredUrl)) return this.address;
    const { allowInsecure } = this;
    const { fetch: send } = this.settings;
    const timeoutSeconds = CONNECT_MILLISECONDS / 1000;
    const limits = { timeoutSeconds, maximumBytes: 262_144, allowInsecure, signal, fetch: send };
    return this.address.find(limits, Date.now());
  }

  private doubtAddress(): void {
    if (this.address instanceof DiscoveredUrl) this.address.doubt();
  }
}

/** The feed rejected the token: it has expired, was revoked, or its key is not valid any more. */
export class FeedTokenRefusedError extends Error {}

function defectOf(status: number, type: string): string {
  if (status === 200) return `the feed answered with the content type "${type.slice(0, 80)}"`;
  if (status === 401) return 'the feed answered 401: the token of "revocations.token" is not valid';
  if (status === 403) return 'the feed answered 403: the token of "revocations.token" lacks the scope revocations:read';
  if (status === 429) return 'the feed answered 429: the token of "revocations.token" is in use by too many followers';
  return `the feed answered ${status || 'with a redirect'}`;
}
