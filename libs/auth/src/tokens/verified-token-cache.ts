import { Inject, Injectable } from '@nestjs/common';
import { flatString } from 'postern/jws';
import { setting, settings } from 'postern/problem';
import { AUTH_SETTINGS } from '../settings/auth-settings.js';
import type { JwtAlgorithm } from 'postern/jws';
import type { AuthSettings } from '../settings/auth-settings.js';
import type { Principal } from '../guard/principal.js';

/** The settings of `rememberedProofs`, unless it is `false`. */
export const CACHE_SETTINGS = settings<Exclude<NonNullable<AuthSettings['rememberedProofs']>, false>>()(
  'AuthModule: "rememberedProofs"',
  {
    entries: setting.wholeNumber(10_000, { min: 0 }),
    bytes: setting.wholeNumber(16 * 1024 * 1024, { min: 0 }),
  },
);

/**
 * A token whose signature and claims were verified, and the time within which it is valid. Instants in epoch seconds.
 *
 * All values that a later use checks are in this one object, to save cache misses of the CPU.
 */
export class VerifiedToken {
  /** The version of the revocation set in which the token was last found not to be revoked. */
  clearedAt: number | undefined = undefined;
  /** Whether it was used since the eviction last skipped it. */
  isUsed = false;
  readonly issuer: string;
  readonly keyId: string;

  /** @param text the key in the cache: the credentials that present the token */
  constructor(
    public text: string,
    readonly principal: Principal,
    readonly algorithm: JwtAlgorithm,
    readonly validFrom: number,
    readonly validUntil: number,
  ) {
    this.issuer = principal.issuer;
    this.keyId = principal.keyId;
  }
}

/** The estimated size of an entry: bytes per character of the token, for its claims as objects, plus a constant. */
const BYTES_PER_CHARACTER = 4;
const BYTES_PER_ENTRY = 1_024;

/**
 * Entries are keyed by a 30-bit hash of the last characters, which are part of the signature, then compared in full. To
 * hash the whole string at every request is slower. A collision evicts the older entry (1 in 2^30). A longer hash would
 * not fit into V8's small integers.
 */
const HASHED_CHARACTERS = 7;
const HASH_BITS = 30;

/**
 * The hashes of tokens that were seen once, in buckets of this many slots. A full bucket evicts a random slot: LRU
 * would thrash if more tokens rotate than fit. The number of buckets is prime, so that all bits of the hash count.
 */
const SEEN_ONCE_BUCKETS = 2_039;
const SEEN_ONCE_SLOTS = 8;

/** How many used entries an eviction may skip, so that the work of an insertion is bounded. */
const MAX_PASSED_OVER = 8;

/**
 * Caches verified tokens by their credentials, within a limit of entries and bytes. It saves only the signature check:
 * each use of an entry still checks time, revocations, and key.
 *
 * A token enters the cache when it is verified for the second time. A token that is used only once takes no memory and
 * evicts nothing.
 */
@Injectable()
export class VerifiedTokenCache {
  private readonly tokens = new Map<number, VerifiedToken>();
  private readonly seenOnce = new Int32Array(SEEN_ONCE_BUCKETS * SEEN_ONCE_SLOTS);
  private readonly maximumEntries: number;
  private readonly maximumBytes: number;
  private bytes = 0;

  constructor(@Inject(AUTH_SETTINGS) { rememberedProofs = {} }: Pick<AuthSettings, 'rememberedProofs'>) {
    const { entries, bytes } = CACHE_SETTINGS.read(rememberedProofs || { entries: 0 });
    this.maximumEntries = entries;
    this.maximumBytes = bytes;
  }

  get size(): number {
    return this.tokens.size;
  }

  get(text: string): VerifiedToken | undefined {
    const token = this.tokens.get(hashOf(text));
    if (token === undefined || token.text !== text) return undefined;
    token.isUsed = true;
    return token;
  }

  /** @param now epoch seconds, to evict expired entries first */
  add(token: VerifiedToken, now: number): void {
    if (this.maximumEntries < 1) return;
    const hash = hashOf(token.text);
    if (this.isFirstSight(hash)) return;
    this.drop(hash);
    if (bytesOf(token) > this.maximumBytes) return;
    token.text = flatString(token.text);
    this.put(hash, token);
    this.evict(now);
  }

  delete(text: string): void {
    const hash = hashOf(text);
    if (this.tokens.get(hash)?.text === text) this.drop(hash);
  }

  private isFirstSight(hash: number): boolean {
    const bucket = (hash % SEEN_ONCE_BUCKETS) * SEEN_ONCE_SLOTS;
    for (let slot = 0; slot < SEEN_ONCE_SLOTS; slot += 1) {
      if (this.seenOnce[bucket + slot] === hash) return false;
    }
    this.seenOnce[bucket + Math.floor(Math.random() * SEEN_ONCE_SLOTS)] = hash;
    return true;
  }

  private drop(hash: number): void {
    const token = this.tokens.get(hash);
    if (token === undefined) return;
    this.tokens.delete(hash);
    this.bytes -= bytesOf(token);
  }

  private put(hash: number, token: VerifiedToken): void {
    token.isUsed = false;
    this.tokens.set(hash, token);
    this.bytes += bytesOf(token);
  }

  /** The second-chance algorithm: evicts the oldest entry, unless it was used since the eviction last skipped it. */
  private evict(now: number): void {
    let passedOver = 0;
    for (const [hash, token] of this.tokens) {
      const isOver = this.tokens.size > this.maximumEntries || this.bytes > this.maximumBytes;
      const isExpired = token.validUntil <= now;
      if (!isOver && !isExpired) return;
      this.drop(hash);
      if (!isExpired && token.isUsed && passedOver < MAX_PASSED_OVER) {
        passedOver += 1;
        this.put(hash, token);
      }
    }
  }
}

function bytesOf({ text }: VerifiedToken): number {
  return text.length * BYTES_PER_CHARACTER + BYTES_PER_ENTRY;
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = Math.max(0, text.length - HASHED_CHARACTERS); at < text.length; at += 1) {
    hash = Math.imul(hash, 67) + text.charCodeAt(at);
  }
  return hash & (2 ** HASH_BITS - 1);
}
