import { compare } from 'bcrypt';
import { assertReadable } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

/** bcrypt reads 72 bytes of a password. */
const KEY_BYTES = 72;
const MIN_COST = 4;
/** 2^14 rounds take about a second. */
const MAX_COST = 14;
const HASH = /^\$(2[abxy]?)\$(\d\d)\$([./A-Za-z0-9]{53})$/;

/** Makes the text that a system gives to bcrypt instead of the password. */
export type Prehash = (password: string) => string;

/**
 * A bcrypt hash with the prefix `$2$`, `$2a$`, `$2b$`, or `$2y$`; `$2x$` only if `readsSignExtended`, because most
 * systems do not accept it. The native code runs on libuv's threads, not on the event loop.
 *
 * @param prehash makes a text below 72 bytes of any password; without it, bcrypt gets the password
 * @throws UnsupportedHashError
 */
export function bcrypt(text: string, { prehash, readsSignExtended = false }: BcryptOptions = {}): ForeignVerifier {
  const [, version, cost, rest] = HASH.exec(text) ?? [];
  assertReadable(version && cost && rest, 'the hash is not a complete bcrypt hash');
  assertReadable(version !== '2x' || readsSignExtended, 'bcrypt with the prefix $2x$ is not supported for this system');
  const rounds = Number(cost);
  assertReadable(rounds >= MIN_COST && rounds <= MAX_COST, `the cost of bcrypt is not ${MIN_COST} to ${MAX_COST}`);
  const hash = `$2b$${cost}$${rest}`;
  return async (password, { acceptsTruncatedBcrypt }) => {
    const bytes = Buffer.from(prehash === undefined ? password : prehash(password));
    const matches = await compare(keyOf(version, bytes), hash).catch(() => false);
    // Compute the hash first: the time must not reveal the reason.
    return matches && (bytes.length <= KEY_BYTES || acceptsTruncatedBcrypt);
  };
}

interface BcryptOptions {
  readonly prehash?: Prehash;
  readonly readsSignExtended?: boolean;
}

/** The bytes that make the library for `$2b$` compute the older versions. */
function keyOf(version: string, password: Buffer): Buffer {
  if (version === '2') return password.length === 0 ? Buffer.alloc(KEY_BYTES) : Buffer.alloc(KEY_BYTES, password);
  if (version !== '2x') return password.subarray(0, KEY_BYTES);
  return signExtended(Buffer.alloc(KEY_BYTES, Buffer.concat([password, Buffer.alloc(1)])));
}

/** The fault of crypt_blowfish before 1.1: a byte above 127 sets all earlier bytes of its 32-bit word. */
function signExtended(key: Buffer): Buffer {
  for (let word = 0; word < key.length; word += 4) {
    const last = key.subarray(word, word + 4).findLastIndex((byte) => byte > 127);
    if (last > 0) key.fill(0xff, word, word + last);
  }
  return key;
}
