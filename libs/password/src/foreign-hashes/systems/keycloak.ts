import { argon2 } from '../algorithms/argon2.js';
import { pbkdf2 } from '../algorithms/pbkdf2.js';
import type { Digest } from '../algorithms/pbkdf2.js';
import { base64 } from '../encodings.js';
import { assertReadable, UnsupportedHashError } from '../foreign-hash.js';
import type { ForeignVerifier } from '../foreign-hash.js';

const PBKDF2: Readonly<Record<string, Digest>> = {
  pbkdf2: 'sha1',
  'pbkdf2-sha256': 'sha256',
  'pbkdf2-sha512': 'sha512',
};
const VERSIONS: Readonly<Record<string, number>> = { '1.0': 16, '1.3': 19 };

type Json = Readonly<Record<string, unknown>>;

/** The credential of a user in an export of Keycloak. `secretData` and `credentialData` are JSON texts inside it. */
export function keycloak(text: string): ForeignVerifier {
  const credential = objectOf(text, 'the credential');
  const secret = objectOf(credential['secretData'], '"secretData"');
  const { algorithm, hashIterations, additionalParameters } = objectOf(
    credential['credentialData'],
    '"credentialData"',
  );
  const name = typeof algorithm === 'string' ? algorithm : '?';
  const isSupported = name === 'argon2' || Object.hasOwn(PBKDF2, name);
  if (!isSupported) {
    throw new UnsupportedHashError(
      `the algorithm "${/^[\w.-]{1,40}$/.exec(name)?.[0] ?? '?'}" of Keycloak is not supported`,
    );
  }
  const [salt, key] = [bytesOf(secret, 'salt'), bytesOf(secret, 'value')];
  const iterations = Number.isSafeInteger(hashIterations) ? (hashIterations as number) : 0;
  if (name !== 'argon2') return pbkdf2({ digest: PBKDF2[name]!, iterations, salt, key });
  const [type, version, memory, lanes] = ['type', 'version', 'memory', 'parallelism'].map((parameter) =>
    firstOf(additionalParameters, parameter),
  );
  const parameters = `v=${VERSIONS[version!] ?? 0}$m=${memory},t=${iterations},p=${lanes}`;
  return argon2(`$argon2${type}$${parameters}$${unpadded(salt)}$${unpadded(key)}`);
}

function objectOf(text: unknown, what: string): Json {
  assertReadable(typeof text === 'string', `${what} is not a JSON text`);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  } catch {
    // The message of the parser has a part of the text.
  }
  throw new UnsupportedHashError(`${what} is not a JSON text of an object`);
}

function bytesOf(secret: Json, name: string): Buffer {
  const text = secret[name];
  assertReadable(typeof text === 'string', `"secretData" has no ${name}`);
  return base64(text, 'padded');
}

/** Each parameter is a list of texts. */
function firstOf(parameters: unknown, name: string): string {
  const list = (parameters as Json | null | undefined)?.[name];
  return Array.isArray(list) && typeof list[0] === 'string' ? list[0] : '';
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
