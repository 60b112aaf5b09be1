import { hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { itoa64, itoa64Of } from '../encodings.js';
import { assertReadable, isEqual } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

const HASH = /^\$[PHS]\$(.)([./A-Za-z0-9]{8})([./A-Za-z0-9]+)$/;
const MIN_LOG2 = 7;
/** 2^18 digests take about half a second. */
const MAX_LOG2 = 18;
/** The event loop runs after each millisecond of digests. */
const DIGESTS_PER_TURN = 1000;

/**
 * The iterated digest of phpass: MD5 for `$P$` and `$H$`; SHA-512 with a length of 55 for Drupal's `$S$`.
 *
 * @param textOf what the system hashes instead of the password
 * @throws UnsupportedHashError
 */
export function phpass(text: string, textOf = (password: string) => password): ForeignVerifier {
  const [, sign, salt, encoded] = HASH.exec(text) ?? [];
  const isDrupal = text.startsWith('$S$');
  const length = isDrupal ? 43 : 22;
  assertReadable(sign && salt && encoded?.length === length, 'the hash is not a complete phpass hash');
  const log2 = itoa64Of(sign);
  assertReadable(log2 >= MIN_LOG2 && log2 <= MAX_LOG2, 'the number of iterations of phpass is too high');
  const algorithm = isDrupal ? 'sha512' : 'md5';
  return async (password) => {
    const key = Buffer.from(textOf(password));
    let digest = hash(algorithm, Buffer.concat([Buffer.from(salt), key]), 'buffer');
    for (let count = 1; count <= 2 ** log2; count += 1) {
      digest = hash(algorithm, Buffer.concat([digest, key]), 'buffer');
      if (count % DIGESTS_PER_TURN === 0) await nextTurn();
    }
    return isEqual(Buffer.from(itoa64(digest).slice(0, length)), Buffer.from(encoded));
  };
}
