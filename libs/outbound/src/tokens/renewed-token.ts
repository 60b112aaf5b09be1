import { Logger } from '@nestjs/common';
import { failureOf } from 'postern/auth/outgoing-calls';
import { SingleFlight } from 'postern/problem';
import { ServiceTokenUnavailableError } from '../outbound.errors.js';
import { TokenRequestFailedError } from './token-request-failed.error.js';
import type { Clock } from 'postern/auth';

/** A token, and when to replace it. Instants in milliseconds since the epoch. */
export interface ObtainedToken {
  readonly text: string;
  readonly obtainedAt: number;
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** How a `RenewedToken` renews. */
export interface Renewal {
  /** Names the token in the log, such as `token for billing`. */
  readonly name: string;
  readonly obtain: () => Promise<ObtainedToken>;
  /** Whether a caller waits for a due renewal although the present token is valid, because it is fast. */
  readonly isAwaited?: boolean;
  readonly maximumBackoffSeconds: number;
}

/** Each replica waits another time after a failure: 0.5 to 1.5 times 1, 2, 4, … seconds. */
const BACKOFF_SECONDS = 1;
/** `Retry-After` beyond this is probably wrong, and an operator may have repaired the cause. */
const MAX_RETRY_AFTER_SECONDS = 300;
/** A service that rejects every token must not cause a request to the issuer for each call. */
const MIN_AGE_OF_REJECTED_SECONDS = 5;

/** A token that is renewed before it expires, by one request however many callers wait. */
export class RenewedToken {
  private readonly logger = new Logger('OutboundModule');
  private readonly renewing = new SingleFlight(() => this.renew());
  private latest: ObtainedToken | undefined;
  private failures = 0;
  private failure: unknown;
  private retryAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly renewal: Renewal,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the token. While a renewal fails, it is the old one until that expires.
   *
   * @param rejected a token that the service has rejected
   * @throws ServiceTokenUnavailableError if there is no valid token
   */
  async get(rejected?: string): Promise<string> {
    const valid = this.valid(rejected);
    if (valid !== undefined && !this.isDue(valid)) return valid.text;
    const renewal = this.isBackingOff ? undefined : this.renewing.join();
    if (valid !== undefined && this.renewal.isAwaited !== true) return valid.text;
    await renewal;
    const renewed = this.valid(rejected);
    if (renewed === undefined) throw this.unavailable();
    return renewed.text;
  }

  private valid(rejected: string | undefined): ObtainedToken | undefined {
    const { latest } = this;
    const now = this.clock.now();
    if (latest === undefined || now >= latest.expiresAt) return undefined;
    const isRejected = latest.text === rejected && now >= latest.obtainedAt + MIN_AGE_OF_REJECTED_SECONDS * 1000;
    return isRejected ? undefined : latest;
  }

  private isDue({ renewAt, obtainedAt }: ObtainedToken): boolean {
    const now = this.clock.now();
    // A clock that was set back would otherwise keep the token beyond its life.
    return now >= renewAt || now < obtainedAt;
  }

  private get isBackingOff(): boolean {
    const wait = this.retryAt - this.clock.now();
    return !this.renewing.isRunning && wait > 0 && wait <= MAX_RETRY_AFTER_SECONDS * 1000;
  }

  /** Never rejects: the callers look at the result. */
  private async renew(): Promise<void> {
    try {
      this.latest = await this.renewal.obtain();
      if (this.failures > 0) this.logger.log(`Obtained the ${this.renewal.name} again.`);
      this.failures = 0;
      this.failure = undefined;
    } catch (error) {
      this.noteFailure(error);
    }
  }

  private noteFailure(error: unknown): void {
    this.failures += 1;
    this.failure = error;
    const backoff = Math.min(BACKOFF_SECONDS * 2 ** (this.failures - 1), this.renewal.maximumBackoffSeconds);
    const stated = error instanceof TokenRequestFailedError ? (error.retryAfterSeconds ?? 0) : 0;
    const wait = Math.max(backoff * (0.5 + Math.random()), Math.min(stated, MAX_RETRY_AFTER_SECONDS));
    this.retryAt = this.clock.now() + wait * 1000;
    this.logger.warn(
      `Failed to obtain the ${this.renewal.name}, will retry in ${Math.ceil(wait)} s: ${failureOf(error)}`,
    );
  }

  private unavailable(): ServiceTokenUnavailableError {
    const seconds = Math.max(1, Math.ceil((this.retryAt - this.clock.now()) / 1000));
    return new ServiceTokenUnavailableError(undefined, {
      cause: this.failure,
      headers: { 'Retry-After': String(seconds) },
    });
  }
}
