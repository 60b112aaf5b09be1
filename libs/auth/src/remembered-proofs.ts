import { flat } from './flat-text.js';
import type { Principal } from './principal.js';

/**
 * A token that was proven, and the time within which it may be used. Instants in epoch seconds, as the token has them.
 *
 * All that a further use looks at stands in this one object: to a request that finds it in no cache, each object more costs
 * as much as all that is done with it.
 */
export class Proof {
  /** The version of the set of revocations that was last found to concern none of it. */
  clearedAt: number | undefined = undefined;
  /** Whether it was looked up since it was last passed over. */
  isUsed = false;
  readonly issuer: string;
  readonly keyId: string;

  /** @param text by which it is found: the credentials that present the token */
  constructor(
    public text: string,
    readonly principal: Principal,
    readonly validFrom: number,
    readonly validUntil: number,
  ) {
    this.issuer = principal.issuer;
    this.keyId = principal.keyId;
  }
}

/** A principal repeats its token's claims as objects: about this many bytes a character, and this many beside it. */
const BYTES_PER_CHARACTER = 4;
const BYTES_PER_ENTRY = 1_024;

/**
 * Proofs are found by a number made of so many last characters, which are of the signature, and then compared whole: to hash
 * a text, even a short one, at every request would cost more than all the rest. Two proven tokens of one number replace
 * each other, which costs a proof and happens once in 2^30: a larger number would be an object that lies somewhere else.
 */
const KEY_LENGTH = 7;
const KEY_BITS = 30;

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
  private readonly proofs = new Map<number, Proof>();
  private readonly seenOnce = new Int32Array(BUCKETS * PLACES);
  private bytes = 0;

  constructor(
    private readonly maximumEntries: number,
    private readonly maximumBytes: number,
  ) {}

  get size(): number {
    return this.proofs.size;
  }

  get(text: string): Proof | undefined {
    const proof = this.proofs.get(keyOf(text));
    if (proof === undefined || proof.text !== text) return undefined;
    proof.isUsed = true;
    return proof;
  }

  /**
   * @param now epoch seconds, to drop the expired before the living
   * @param ending what the text ends with: one that was just put together would first be copied, only to read its last characters
   */
  add(proof: Proof, now: number, ending = proof.text): void {
    const key = keyOf(ending);
    if (this.isFirstSight(key)) return;
    this.drop(key);
    if (bytesOf(proof) > this.maximumBytes || this.maximumEntries < 1) return;
    proof.text = flat(proof.text);
    this.put(key, proof);
    this.makeRoom(now);
  }

  delete(text: string): void {
    const key = keyOf(text);
    if (this.proofs.get(key)?.text === text) this.drop(key);
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
    const proof = this.proofs.get(key);
    if (proof === undefined) return;
    this.proofs.delete(key);
    this.bytes -= bytesOf(proof);
  }

  private put(key: number, proof: Proof): void {
    proof.isUsed = false;
    this.proofs.set(key, proof);
    this.bytes += bytesOf(proof);
  }

  /** The second-chance rule: the oldest goes, unless it was used since it was last looked at. */
  private makeRoom(now: number): void {
    let chances = CHANCES;
    for (const [key, proof] of this.proofs) {
      const isOver = this.proofs.size > this.maximumEntries || this.bytes > this.maximumBytes;
      const isExpired = proof.validUntil <= now;
      if (!isOver && !isExpired) return;
      this.drop(key);
      if (!isExpired && proof.isUsed && chances > 0) {
        chances -= 1;
        this.put(key, proof);
      }
    }
  }
}

function bytesOf({ text }: Proof): number {
  return text.length * BYTES_PER_CHARACTER + BYTES_PER_ENTRY;
}

function keyOf(text: string): number {
  let key = 0;
  for (let at = Math.max(0, text.length - KEY_LENGTH); at < text.length; at += 1) {
    key = Math.imul(key, 67) + text.charCodeAt(at);
  }
  return key & (2 ** KEY_BITS - 1);
}
