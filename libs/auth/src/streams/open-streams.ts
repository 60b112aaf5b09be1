import { Injectable, Logger } from '@nestjs/common';
import type { ExecutionContext, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import { problemOf, requestIdOf } from 'postern/problem';
import { InvalidTokenError } from '../auth.errors.js';
import { GuardedResponses } from './guarded-response.js';
import { TokenValidity } from './token-validity.js';
import { AccessTokenVerifier } from '../tokens/access-token-verifier.js';
import type { GuardedRequest } from '../guard/guarded-request.js';
import type { Principal } from '../guard/principal.js';
import type { OpenCall } from '../carriers/carrier.js';
import type { Problem } from 'postern/problem';
import type { OpenStream } from './open-stream.js';

/** A stream is ended at the second check that finds its token invalid, so within half a second. */
const CHECK_MILLISECONDS = 250;

const streamsOf = new WeakMap<AccessTokenVerifier, OpenStreams>();

/** The streams of the application that the verifier belongs to; `undefined` for a verifier that a test has made. */
export function openStreamsOf(verifier: AccessTokenVerifier): OpenStreams | undefined {
  return streamsOf.get(verifier);
}

/**
 * Ends streams within a second after their token expires or is revoked. It finds the responses of guarded HTTP routes
 * automatically, including `@Sse()` and hijacked responses; `track` adds any other stream.
 *
 * @example
 * ```ts
 * async handleConnection(client: WebSocket, request: IncomingMessage) {
 *   const principal = await this.verifier.verify(tokenOf(request)).catch(() => undefined);
 *   if (!principal) return client.close(4401);
 *   client.once('close', this.streams.track(principal, () => client.close(4401)));
 * }
 * ```
 */
@Injectable()
export class OpenStreams implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(OpenStreams.name);
  private readonly tracked = new Set<OpenStream>();
  private readonly calls = new WeakMap<object, () => void>();
  private readonly responses = new GuardedResponses();
  private invalid: ReadonlySet<OpenStream> = new Set();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly validity: TokenValidity,
    verifier: AccessTokenVerifier,
  ) {
    streamsOf.set(verifier, this);
  }

  /**
   * Calls `end` once, when the token expires or is revoked.
   *
   * @returns a function that removes the stream, for a stream that has ended
   */
  track(principal: Principal, end: () => void): () => void {
    const stream: OpenStream = { principal, endsAtExpiry: true, end };
    this.tracked.add(stream);
    return () => void this.tracked.delete(stream);
  }

  /** Ends the call or the connection when the token expires or is revoked. The latest token counts. */
  trackCall(principal: Principal, call: OpenCall): void {
    const { target } = call;
    const earlier = this.calls.get(target);
    earlier?.();
    this.calls.set(
      target,
      this.track(principal, () => call.end(endOf())),
    );
    if (earlier === undefined) call.onceEnded(() => this.calls.get(target)?.());
  }

  /** The guard calls this for each HTTP request that it checks. */
  addResponse(context: ExecutionContext, request: GuardedRequest): void {
    this.responses.add(context, request);
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => this.check(), CHECK_MILLISECONDS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private check(): void {
    const invalid = new Set<OpenStream>();
    for (const streams of [this.tracked, this.responses.open()]) {
      for (const stream of streams) {
        if (!this.isOver(stream)) continue;
        // The second check ends the stream, so that it can still send a last event, such as the logout.
        if (this.invalid.has(stream)) this.end(stream);
        else invalid.add(stream);
      }
    }
    this.invalid = invalid;
  }

  private isOver(stream: OpenStream): boolean {
    const { principal } = stream;
    if (principal === undefined) return false;
    return this.validity.isRevoked(principal) || (this.validity.isExpired(principal) && stream.endsAtExpiry);
  }

  private end(stream: OpenStream): void {
    this.tracked.delete(stream);
    try {
      stream.end();
    } catch (error) {
      this.logger.error('Failed to end a stream whose token is no longer valid', error);
    }
  }
}

/** The problem with which a call ends. */
function endOf(): Problem {
  return problemOf(new InvalidTokenError(), { requestId: requestIdOf({}) });
}
