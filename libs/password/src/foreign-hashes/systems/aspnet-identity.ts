import { pbkdf2 } from '../algorithms/pbkdf2.js';
import type { Digest } from '../algorithms/pbkdf2.js';
import { base64 } from '../encodings.js';
import { assertReadable, UnsupportedHashError } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

const PRF: readonly Digest[] = ['sha1', 'sha256', 'sha512'];
const V2_SALT_BYTES = 16;
const V2_BYTES = 49;
const V3_HEADER_BYTES = 13;
const MIN_SALT_BYTES = 16;

/** ASP.NET Core Identity: base64 of a version byte, the parameters of version 3, salt, and key. */
export function aspnetIdentity(text: string): ForeignVerifier {
  const bytes = base64(text, 'padded');
  if (bytes[0] === 0) {
    assertReadable(bytes.length === V2_BYTES, 'the hash is not complete');
    const [salt, key] = [bytes.subarray(1, 1 + V2_SALT_BYTES), bytes.subarray(1 + V2_SALT_BYTES)];
    return pbkdf2({ digest: 'sha1', iterations: 1000, salt, key });
  }
  if (bytes[0] !== 1) throw new UnsupportedHashError('the version of the ASP.NET Identity hash is neither 2 nor 3');
  assertReadable(bytes.length > V3_HEADER_BYTES, 'the hash is not complete');
  const [prf, iterations, saltBytes] = [1, 5, 9].map((offset) => bytes.readUInt32BE(offset));
  const digest = PRF[prf!];
  assertReadable(digest && saltBytes! >= MIN_SALT_BYTES, 'the hash has invalid parameters');
  const end = V3_HEADER_BYTES + saltBytes!;
  return pbkdf2({
    digest,
    iterations: iterations!,
    salt: bytes.subarray(V3_HEADER_BYTES, end),
    key: bytes.subarray(end),
  });
}
