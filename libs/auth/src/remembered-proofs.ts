import type { Principal } from './principal.js';

/** A token that was proven, and the time within which it may be used. Instants in epoch seconds, as the token has them. */
export interface Proof {
  readonly principal: Principal;
  readonly validFrom: number;
  readonly validUntil: number;
  /** The version of the set of revocations that was last found to concern none of it. */
  clearedAt: number | undefined;
}

interface Entry {
  readonly token: string;
  readonly proof: Proof;
  readonly bytes: number;
  isUsed: boolean;
}

/** A principal repeats its token's claims as objects: about this many bytes a character, and this many beside it. */
const BYTES_PER_CHARACTER = 4;
const BYTES_PER_ENTRY = 1_024;

/**
 * Entries are found by a number made of so many last characters, which are of the signature, and then compared whole: to hash
 * a text, even a short one, at every request would cost more than all the rest. Two proven tokens of one number replace
 * each other, which costs a proof and happens once in 2^42.
 */
const KEY_LENGTH = 7;

/**
 * Tokens that were shown once are kept in mind by their number alone, in buckets of so many places. Where a bucket is full a newcomer
 * overwrites one by chance, which costs that token one more proof: an order of their own would let tokens that come in turn
 * drive each other out for ever. A prime number of buckets, so that all characters of the number decide where it goes.
 */
const BUCKETS = 2_039;
const PLACES = 8;

/** How many used entries are passed over before one goes anyway: the work of an insertion stays bounded. */
const CHANCES = 8;

/**
 * Remembers which tokens were proven, by their whole text, within a bound of entries and of memory. What is used stays,
 * what is old goes; it decides nothing, so whoever asks must still look at time, revocations and keys.
 *
 * A token is remembered when it is proven for the second time: one that comes only once costs no memory and drives nobody out.
 */
export class RememberedProofs {
  private readonly entries = new Map<number, Entry>();
  private readonly seenOnce = new Float64Array(BUCKETS * PLACES);
  private bytes = 0;

  constructor(
    private readonly maximumEntries: number,
    private readonly maximumBytes: number,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get(token: string): Proof | undefined {
    const entry = this.entries.get(keyOf(token));
    if (entry === undefined || entry.token !== token) return undefined;
    entry.isUsed = true;
    return entry.proof;
  }

  /** @param now epoch seconds, to drop the expired before the living */
  set(token: string, proof: Proof, now: number): void {
    const key = keyOf(token);
    if (this.isFirstSight(key)) return;
    this.drop(key);
    const bytes = token.length * BYTES_PER_CHARACTER + BYTES_PER_ENTRY;
    if (bytes > this.maximumBytes || this.maximumEntries < 1) return;
    this.entries.set(key, { token, proof, bytes, isUsed: false });
    this.bytes += bytes;
    this.makeRoom(now);
  }

  delete(token: string): void {
    const key = keyOf(token);
    if (this.entries.get(key)?.token === token) this.drop(key);
  }

  private isFirstSight(key: number): boolean {
    const bucket = (key % BUCKETS) * PLACES;
    for (let place = 0; place < PLACES; place += 1) {
      if (this.seenOnce[bucket + place] === key) return false;
    }
    this.seenOnce[bucket + Math.floor(Math.random() * PLACES)] = key;
    return true;
  }

  private drop(key: number): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }

  /** The second-chance rule: the oldest goes, unless it was used since it was last looked at. */
  private makeRoom(now: number): void {
    let chances = CHANCES;
    for (const [key, entry] of this.entries) {
      const isOver = this.entries.size > this.maximumEntries || this.bytes > this.maximumBytes;
      const isExpired = entry.proof.validUntil <= now;
      if (!isOver && !isExpired) return;
      this.drop(key);
      if (!isExpired && entry.isUsed && chances > 0) {
        chances -= 1;
        this.entries.set(key, { ...entry, isUsed: false });
        this.bytes += entry.bytes;
      }
    }
  }
}

function keyOf(token: string): number {
  let key = 0;
  for (let at = Math.max(0, token.length - KEY_LENGTH); at < token.length; at += 1) {
    key = key * 128 + (token.charCodeAt(at) & 127);
  }
  return key;
}
