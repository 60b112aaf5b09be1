import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DiscoveredUrl } from './discovered-url.js';
import { failureOf, fetchJson } from './fetch-json.js';
import { checkedAddress, discoverKeySet, isOwnOrigin } from './issuer-discovery.js';
import { importVerificationKeys } from 'postern/jws';
import { SingleFlight } from 'postern/problem';
import { KeySet } from './key-set.js';
import { JWKS_SETTINGS } from '../settings/jwks-settings.js';
import type { IssuerFetch } from './issuer-fetch.js';
import type { Clock } from '../revocations/clock.js';
import type { JwksSettings } from '../settings/auth-settings.js';
import type { Jwk, JwtAlgorithm, VerificationKey } from 'postern/jws';

const UNSTATED_AGE_SECONDS = 300;
const MAX_KEYS = 100;
const RENEWALS_A_SECOND = 4;
/**
 * The replicas of an issuer load a new key one after the other: the replica that answers may load it after the one
 * that signs.
 */
const RENEWAL_PAUSE_MILLISECONDS = 20;

/** The keys of one issuer as it last published them. */
export class RemoteKeySet {
  private readonly logger = new Logger(RemoteKeySet.name);
  private readonly settings: ReturnType<typeof JWKS_SETTINGS.read>;
  private readonly stopping = new AbortController();
  private readonly address: URL | DiscoveredUrl;
  private keys = new KeySet();
  private readonly fetching = new SingleFlight(() => this.renew());
  private failures = 0;
  private fetchedAt = Number.NEGATIVE_INFINITY;
  private freshUntil = Number.NEGATIVE_INFINITY;
  /** The start times of the last `RENEWALS_A_SECOND` fetches. */
  private readonly fetchTimes: number[] = Array<number>(RENEWALS_A_SECOND).fill(Number.NEGATIVE_INFINITY);
  private nextFetchAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly issuer: string,
    settings: JwksSettings,
    private readonly clock: Clock,
    private readonly send?: IssuerFetch,
  ) {
    this.settings = JWKS_SETTINGS.read(settings);
    const { uri, allowInsecure } = this.settings;
    const address = checkedAddress(uri ?? issuer, allowInsecure);
    this.address = uri === undefined ? new DiscoveredUrl((limits) => discoverKeySet(issuer, limits)) : address;
  }

  /** Returns a known key immediately. For an unknown key, fetches the key set once if the cool-down allows it. */
  find(
    kid: string | undefined,
    alg: JwtAlgorithm | undefined,
  ): VerificationKey | undefined | Promise<VerificationKey | undefined> {
    const key = this.trusted()?.find(kid, alg);
    if (key !== undefined) return key;
    return this.refresh()?.then(() => this.trusted()?.find(kid, alg));
  }

  has(kid: string, alg: JwtAlgorithm | undefined): boolean {
    return this.trusted()?.has(kid, alg) === true;
  }

  /** Whether the key set was fetched, and is not older than `maximumStaleSeconds`. */
  get isKnown(): boolean {
    return this.clock.now() < this.trustedUntil;
  }

  prefetch(): void {
    void this.refresh();
  }

  /** Fetches once without regard to the cool-down. Calls before the fetch begins share it. */
  renewNow(): Promise<void> {
    return this.fetching.after(() => {
      const notBefore = Math.max(this.fetchTimes[0]! + 1000, this.fetchTimes.at(-1)! + RENEWAL_PAUSE_MILLISECONDS);
      return delay(Math.max(0, notBefore - performance.now()), undefined, { ref: false });
    });
  }

  stop(): void {
    this.stopping.abort();
  }

  /** The set in memory. Refreshes an old set in the background, and returns none that is too old. */
  private trusted(): KeySet | undefined {
    const now = this.clock.now();
    const isFresh = now < this.freshUntil && now >= this.fetchedAt;
    if (!isFresh && this.fetchedAt !== Number.NEGATIVE_INFINITY) void this.refresh();
    return now < this.trustedUntil ? this.keys : undefined;
  }

  private get trustedUntil(): number {
    return this.fetchedAt + this.settings.maximumStaleSeconds * 1000;
  }

  /** Fetches at most once per cool-down. All callers share the fetch, and it never rejects. */
  private refresh(): Promise<void> | undefined {
    if (this.fetching.isRunning) return this.fetching.join();
    const now = this.clock.now();
    const cooldown = this.settings.cooldownSeconds * 1000;
    // A time further ahead than the cool-down comes from a clock that was corrected since then.
    const isTooEarly = now < this.nextFetchAt && now >= this.nextFetchAt - cooldown;
    return isTooEarly || this.stopping.signal.aborted ? undefined : this.fetching.join();
  }

  private async renew(): Promise<void> {
    if (this.stopping.signal.aborted) return;
    this.fetchTimes.shift();
    this.fetchTimes.push(performance.now());
    this.nextFetchAt = this.clock.now() + this.settings.cooldownSeconds * 1000;
    try {
      await this.fetch();
      this.failures = 0;
    } catch (error) {
      if (this.address instanceof DiscoveredUrl) this.address.doubt();
      this.noteFailure(error);
    }
  }

  private async fetch(): Promise<void> {
    const limits = { ...this.settings, signal: this.stopping.signal, fetch: this.send };
    const { address: source } = this;
    const address = source instanceof DiscoveredUrl ? await source.find(limits, this.clock.now()) : source;
    const publicOnly = source instanceof DiscoveredUrl && !isOwnOrigin(address, this.issuer);
    const { body, maximumAgeSeconds } = await fetchJson(address, { ...limits, publicOnly });
    const keys = readKeySet(body);
    if (keys.isEmpty) throw new Error('the key set has no key that can verify access tokens');
    this.keys = keys;
    this.fetchedAt = this.clock.now();
    const { minimumAgeSeconds, maximumAgeSeconds: longest } = this.settings;
    const age = Math.min(Math.max(maximumAgeSeconds ?? UNSTATED_AGE_SECONDS, minimumAgeSeconds), longest);
    this.freshUntil = this.fetchedAt + age * 1000;
  }

  /** Without any key every request gets 503, so the first retries are early: after 1, 2, 4, … seconds. */
  private noteFailure(error: unknown): void {
    if (this.stopping.signal.aborted) return;
    this.failures += 1;
    if (this.keys.isEmpty) {
      const wait = Math.min(2 ** (this.failures - 1), this.settings.cooldownSeconds);
      this.nextFetchAt = this.clock.now() + wait * 1000;
    }
    this.logger.warn(`Failed to fetch the keys of ${this.issuer}, will retry: ${failureOf(error)}`);
  }
}

/**
 * Reads the keys of a published set that can verify a token. It ignores an entry that is malformed, weak, of another
 * purpose, or of an unknown type (RFC 7517 §5), and secrets: a public set must not contain them.
 *
 * @throws Error if the value is not a key set
 */
function readKeySet(body: unknown): KeySet {
  const { keys: list } = body as { keys?: unknown };
  if (!Array.isArray(list) || list.length > MAX_KEYS) throw new Error('the response is not a key set');
  return new KeySet(
    (list as (Jwk | null)[]).flatMap((jwk) =>
      typeof jwk === 'object' && jwk !== null && jwk.kty !== 'oct' ? importedOrNone(jwk) : [],
    ),
  );
}

function importedOrNone(jwk: Jwk): VerificationKey[] {
  try {
    const { issuer } = jwk;
    const keys = importVerificationKeys({ jwk });
    return typeof issuer === 'string' ? keys.map((key) => ({ ...key, issuer })) : keys;
  } catch {
    return [];
  }
}
