import { verify } from '@node-rs/argon2';
import { base64, decimal } from '../encodings.js';
import { assertReadable } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

const HASH = /^\$(argon2(?:id|i|d))(?:\$v=(\d+))?\$([^$]+)\$([^$]+)\$([^$]+)$/;
/** In the order that the library reads. */
const PARAMETERS = ['m', 't', 'p', 'keyid', 'data'];
const VERSIONS = [16, 19];
const MAX_MEMORY_KIB = 262_144;
/** Memory times passes bounds the time to about a second. */
const MAX_WORK_KIB = 1_048_576;
const MAX_LANES = 64;
const MIN_SALT_BYTES = 8;
const MIN_DIGEST_BYTES = 16;

interface Argon2Options {
  /** The version of a hash that does not state it. The reference implementation reads 16, Spring reads 19. */
  readonly implicitVersion?: number;
  /** Whether the parameters must be m, t, p in this order. */
  readonly isStrict?: boolean;
}

/**
 * An argon2i, argon2d, or argon2id hash in the PHC format, with version 16 or 19 and its parameters in any order.
 *
 * @see RFC 9106, and the PHC string format
 * @throws UnsupportedHashError
 */
export function argon2(text: string, { implicitVersion = 16, isStrict = false }: Argon2Options = {}): ForeignVerifier {
  const [, variant, stated, list, salt, digest] = HASH.exec(text) ?? [];
  assertReadable(variant && list && salt && digest, 'the hash is not a complete argon2 hash');
  const version = stated === undefined ? implicitVersion : decimal(stated, 'version of argon2');
  assertReadable(VERSIONS.includes(version), 'the version of argon2 is neither 16 nor 19');
  const parameters = parametersOf(list);
  assertReadable(!isStrict || /^m=\d+,t=\d+,p=\d+$/.test(list), 'the parameters of argon2 are not m, t, p');
  const [memory, passes, lanes] = ['m', 't', 'p'].map((name) => decimal(parameters.get(name), `parameter ${name}`));
  assertReadable(lanes! >= 1 && lanes! <= MAX_LANES && memory! >= 8 * lanes! && passes! >= 1, 'the cost is invalid');
  assertReadable(memory! <= MAX_MEMORY_KIB && memory! * passes! <= MAX_WORK_KIB, 'the cost of argon2 is too high');
  assertReadable(base64(salt, 'unpadded').length >= MIN_SALT_BYTES, 'the salt is too short');
  assertReadable(base64(digest, 'unpadded').length >= MIN_DIGEST_BYTES, 'the hash is not complete');
  const ordered = PARAMETERS.filter((name) => parameters.has(name)).map((name) => `${name}=${parameters.get(name)}`);
  const hash = `$${variant}$v=${version}$${ordered.join(',')}$${salt}$${digest}`;
  return (password) => verify(hash, password).catch(() => false);
}

function parametersOf(list: string): Map<string, string> {
  const pairs = list.split(',').map((pair) => /^([a-z]+)=([A-Za-z0-9+/]+)$/.exec(pair));
  const parameters = new Map(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
  const isKnown = [...parameters.keys()].every((name) => PARAMETERS.includes(name));
  assertReadable(isKnown && parameters.size === pairs.length, 'the hash has an unknown parameter of argon2');
  return parameters;
}
