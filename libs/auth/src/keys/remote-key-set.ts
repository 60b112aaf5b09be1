import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DiscoveredUrl } from './discovered-url.js';
import { failureOf, fetchJson } from './fetch-json.js';
import { checkedAddress, discoverKeySet, isOwnOrigin } from './issuer-discovery.js';
import { importKey } from 'postern/jws';
import { checkedJwksSettings } from '../settings/jwks-settings.js';
import type { Clock } from '../revocations/clock.js';
import type { JwksSettings } from '../settings/auth-settings.js';
import type { Jwk, VerificationKey } from 'postern/jws';

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
  private readonly settings: ReturnType<typeof checkedJwksSettings>;
  private readonly stopping = new AbortController();
  private readonly address: URL | DiscoveredUrl;
  private keys: ReadonlyMap<string, VerificationKey> = new Map();
  private underway: Promise<void> | undefined;
  private failures = 0;
  private fetchedAt = Number.NEGATIVE_INFINITY;
  private freshUntil = Number.NEGATIVE_INFINITY;
  private renewal: Promise<void> | undefined;
  /** The start times of the last `RENEWALS_A_SECOND` fetches. */
  private readonly fetchTimes: number[] = Array<number>(RENEWALS_A_SECOND).fill(Number.NEGATIVE_INFINITY);
  private nextFetchAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly issuer: string,
    settings: JwksSettings,
    private readonly clock: Clock,
  ) {
    const { uri } = settings;
    this.settings = checkedJwksSettings(settings);
    const address = checkedAddress(uri ?? issuer, this.settings.allowInsecure);
    this.address = uri === undefined ? new DiscoveredUrl((limits) => discoverKeySet(issuer, limits)) : address;
  }

  /** Returns a known key immediately. For an unknown key, fetches the key set once if the cool-down allows it. */
  find(kid: string): VerificationKey | undefined | Promise<VerificationKey | undefined> {
    const key = this.keyOf(kid);
    if (key !== undefined) return key;
    return this.refresh()?.then(() => this.keyOf(kid));
  }

  has(kid: string): boolean {
    return this.keyOf(kid) !== undefined;
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
    this.renewal ??= this.renewSoon();
    return this.renewal;
  }

  private async renewSoon(): Promise<void> {
    await this.underway;
    const notBefore = Math.max(this.fetchTimes[0]! + 1000, this.fetchTimes.at(-1)! + RENEWAL_PAUSE_MILLISECONDS);
    await delay(Math.max(0, notBefore - performance.now()), undefined, { ref: false });
    this.renewal = undefined;
    this.nextFetchAt = Number.NEGATIVE_INFINITY;
    await this.refresh();
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Answers from memory, and refreshes an old set in the background. A key of a set that is too old is unknown. */
  private keyOf(kid: string): VerificationKey | undefined {
    const now = this.clock.now();
    const isFresh = now < this.freshUntil && now >= this.fetchedAt;
    if (!isFresh && this.fetchedAt !== Number.NEGATIVE_INFINITY) void this.refresh();
    return now < this.trustedUntil ? this.keys.get(kid) : undefined;
  }

  private get trustedUntil(): number {
    return this.fetchedAt + this.settings.maximumStaleSeconds * 1000;
  }

  /** Fetches at most once per cool-down. All callers share the fetch, and it never rejects. */
  private refresh(): Promise<void> | undefined {
    if (this.underway !== undefined) return this.underway;
    const now = this.clock.now();
    const cooldown = this.settings.cooldownSeconds * 1000;
    // A time further ahead than the cool-down comes from a clock that was corrected since then.
    const isTooEarly = now < this.nextFetchAt && now >= this.nextFetchAt - cooldown;
    if (isTooEarly || this.stopping.signal.aborted) return undefined;
    this.fetchTimes.shift();
    this.fetchTimes.push(performance.now());
    this.nextFetchAt = now + cooldown;
    this.underway = this.renew();
    return this.underway;
  }

  private async renew(): Promise<void> {
    try {
      await this.fetch();
      this.failures = 0;
    } catch (error) {
      if (this.address instanceof DiscoveredUrl) this.address.doubt();
      this.noteFailure(error);
    } finally {
      this.underway = undefined;
    }
  }

  private async fetch(): Promise<void> {
    const limits = { ...this.settings, signal: this.stopping.signal };
    const { address: source } = this;
    const address = source instanceof DiscoveredUrl ? await source.find(limits, this.clock.now()) : source;
    const publicOnly = source instanceof DiscoveredUrl && !isOwnOrigin(address, this.issuer);
    const { body, maximumAgeSeconds } = await fetchJson(address, { ...limits, publicOnly });
    const keys = readKeySet(body);
    if (keys.size === 0) throw new Error('the key set has no key that can verify access tokens');
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
    if (this.keys.size === 0) {
      const wait = Math.min(2 ** (this.failures - 1), this.settings.cooldownSeconds);
      this.nextFetchAt = this.clock.now() + wait * 1000;
    }
    this.logger.warn(`Failed to fetch the keys of ${this.issuer}, will retry: ${failureOf(error)}`);
  }
}

/**
 * Reads the keys of a published set that can verify a token. It ignores keys of another purpose or an unknown type
 * (RFC 7517 §5), secrets, and all keys that share a `kid`.
 *
 * @throws Error if the value is not a key set
 */
function readKeySet(body: unknown): ReadonlyMap<string, VerificationKey> {
  const { keys: list } = body as { keys?: unknown };
  if (!Array.isArray(list) || list.length > MAX_KEYS) throw new Error('the response is not a key set');
  const keys = new Map<string, VerificationKey>();
  const twice = new Set<string>();
  for (const jwk of list as (Jwk | null)[]) {
    const key = typeof jwk === 'object' && jwk !== null && jwk.kty !== 'oct' ? importedOrNone(jwk) : undefined;
    if (key === undefined) continue;
    if (keys.has(key.kid)) twice.add(key.kid);
    keys.set(key.kid, key);
  }
  for (const kid of twice) keys.delete(kid);
  return keys;
}

function importedOrNone(jwk: Jwk): VerificationKey | undefined {
  if (typeof jwk.kid !== 'string') return undefined;
  try {
    const { kid, alg, key } = importKey({ jwk });
    return { kid, alg, key, ...(typeof jwk.issuer === 'string' && { issuer: jwk.issuer }) };
  } catch {
    return undefined;
  }
}
