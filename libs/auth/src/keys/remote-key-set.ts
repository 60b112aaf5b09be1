import { Logger } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { DiscoveredUrl } from './discovered-url.js';
import { fetchJson } from './fetch-json.js';
import { checkedAddress, discoverKeySet, isOwnOrigin } from './issuer-discovery.js';
import { importKey } from 'postern/jws';
import { checkedJwksSettings } from '../settings/jwks-settings.js';
import type { Clock } from '../revocations/clock.js';
import type { JwksSettings } from '../settings/auth-settings.js';
import type { Jwk, VerificationKey } from 'postern/jws';

const UNSTATED_AGE_SECONDS = 300;
const MAX_KEYS = 100;
const RENEWALS_A_SECOND = 4;
/** Replicas of an issuer learn of a new key one after the other: the one that is asked may know it a moment after the one that signs. */
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
  /** When the latest fetches began, as many as one second may have. */
  private readonly askedAt: number[] = Array<number>(RENEWALS_A_SECOND).fill(Number.NEGATIVE_INFINITY);
  private askAgainAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly issuer: string,
    settings: JwksSettings,
    private readonly clock: Clock,
  ) {
    const { uri } = settings;
    this.settings = checkedJwksSettings(settings);
    const written = checkedAddress(uri ?? issuer, this.settings.allowInsecure);
    this.address = uri === undefined ? new DiscoveredUrl((limits) => discoverKeySet(issuer, limits)) : written;
  }

  /** The key at once where it is known; otherwise after one fetch, if the cool-down allows one. */
  find(kid: string): VerificationKey | undefined | Promise<VerificationKey | undefined> {
    const key = this.known(kid);
    if (key !== undefined) return key;
    return this.refresh()?.then(() => this.known(kid));
  }

  has(kid: string): boolean {
    return this.known(kid) !== undefined;
  }

  /** Whether it was ever fetched, and not so long ago that none of it counts any more. */
  get isKnown(): boolean {
    return this.clock.now() < this.trustedUntil;
  }

  prefetch(): void {
    void this.refresh();
  }

  /** One fetch that begins after this call, whatever the cool-down says, shared by all who call before it begins. */
  renewNow(): Promise<void> {
    this.renewal ??= this.renewSoon();
    return this.renewal;
  }

  private async renewSoon(): Promise<void> {
    await this.underway;
    const notBefore = Math.max(this.askedAt[0]! + 1000, this.askedAt.at(-1)! + RENEWAL_PAUSE_MILLISECONDS);
    await delay(Math.max(0, notBefore - performance.now()), undefined, { ref: false });
    this.renewal = undefined;
    this.askAgainAt = Number.NEGATIVE_INFINITY;
    await this.refresh();
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Answers from memory, renewing behind the answer what has grown old; what is too old is not known any more. */
  private known(kid: string): VerificationKey | undefined {
    const now = this.clock.now();
    const isFresh = now < this.freshUntil && now >= this.fetchedAt;
    if (!isFresh && this.fetchedAt !== Number.NEGATIVE_INFINITY) void this.refresh();
    return now < this.trustedUntil ? this.keys.get(kid) : undefined;
  }

  private get trustedUntil(): number {
    return this.fetchedAt + this.settings.maximumStaleSeconds * 1000;
  }

  /** One fetch a cool-down, shared by all who wait for it; never rejects. */
  private refresh(): Promise<void> | undefined {
    if (this.underway !== undefined) return this.underway;
    const now = this.clock.now();
    const cooldown = this.settings.cooldownSeconds * 1000;
    // One that lies further ahead was counted by a clock that has been set right since.
    const isTooEarly = now < this.askAgainAt && now >= this.askAgainAt - cooldown;
    if (isTooEarly || this.stopping.signal.aborted) return undefined;
    this.askedAt.shift();
    this.askedAt.push(performance.now());
    this.askAgainAt = now + cooldown;
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
    const { address: place } = this;
    const address = place instanceof DiscoveredUrl ? await place.find(limits, this.clock.now()) : place;
    const publicOnly = place instanceof DiscoveredUrl && !isOwnOrigin(address, this.issuer);
    const { body, maximumAgeSeconds } = await fetchJson(address, { ...limits, publicOnly });
    const keys = readKeySet(body);
    if (keys.size === 0) throw new Error('the key set has no key that proves access tokens');
    this.keys = keys;
    this.fetchedAt = this.clock.now();
    const { minimumAgeSeconds, maximumAgeSeconds: longest } = this.settings;
    const age = Math.min(Math.max(maximumAgeSeconds ?? UNSTATED_AGE_SECONDS, minimumAgeSeconds), longest);
    this.freshUntil = this.fetchedAt + age * 1000;
  }

  /** While there is no key at all every request is refused, so the first waits are short: 1, 2, 4, … seconds. */
  private noteFailure(error: unknown): void {
    if (this.stopping.signal.aborted) return;
    this.failures += 1;
    if (this.keys.size === 0) {
      const wait = Math.min(2 ** (this.failures - 1), this.settings.cooldownSeconds);
      this.askAgainAt = this.clock.now() + wait * 1000;
    }
    this.logger.warn(
      `The keys of ${this.issuer} could not be fetched: ${error instanceof Error ? error.message : 'unknown'}`,
    );
  }
}

/**
 * The keys of a published set that can prove a token. What is of another purpose or unknown is passed over (RFC 7517 §5), a
 * published secret is none, and of two keys with one name neither counts.
 *
 * @throws Error where it is no key set
 */
function readKeySet(body: unknown): ReadonlyMap<string, VerificationKey> {
  const { keys: list } = body as { keys?: unknown };
  if (!Array.isArray(list) || list.length > MAX_KEYS) throw new Error('it is not a key set');
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
    return { kid, alg, key };
  } catch {
    return undefined;
  }
}
