import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readForeignHash, storedFormOf } from './foreign-hashes.js';
import type { HashSystem } from './foreign-hashes.js';
import { UnsupportedHashError } from './foreign-hash.js';
import { firebaseHash } from './firebase-hash.js';
import type { FirebaseHashConfig } from './firebase-hash.js';

/** The vectors are not part of the repository. They are in a folder beside it or in the folder of the variable. */
const path = join(
  process.env.POSTERN_TEST_VECTORS ?? join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared', 'vectors'),
  'foreign-hashes.json',
);
const isThere = existsSync(path);

interface Vector {
  readonly id: string;
  readonly system: string;
  readonly format: string;
  readonly password: string;
  readonly hash: string;
  readonly verifies: boolean;
  readonly note?: string;
  readonly salt?: string;
  readonly params?: object;
}

/** The system of Postern that reads the hashes of a system of the vectors. */
const SYSTEMS: Readonly<Record<string, HashSystem>> = {
  Django: 'django',
  Werkzeug: 'werkzeug',
  passlib: 'passlib',
  PHP: 'php',
  WordPress: 'wordpress',
  Drupal: 'drupal',
  'OpenLDAP slappasswd': 'ldap',
  'Spring Security': 'spring',
  'better-auth': 'better-auth',
  lucia: 'oslo',
  oslo: 'oslo',
  'ASP.NET Identity': 'aspnet-identity',
  Keycloak: 'keycloak',
  'Ory Kratos': 'kratos',
};

/** The formats that are rejected by name at the import, although some of their passwords are right. */
const LEFT_OUT = new Set(
  (
    'argon2id-secret devise-bcrypt apr1 crypt-1 crypt-3 crypt-5 crypt-6 crypt-7 crypt-des crypt-gy crypt-y ' +
    'kratos-sha512-crypt ldap-CRYPT passlib-apr_md5_crypt passlib-cta_pbkdf2_sha1 passlib-dlitz_pbkdf2_sha1 ' +
    'passlib-md5_crypt passlib-mysql41 passlib-nthash passlib-sha256_crypt passlib-sha512_crypt spring-noop'
  ).split(' '),
);

/** The npm library bcrypt rejects `$2y$`, which every other library reads: a near miss of the vectors. */
const NEAR_MISSES = new Set(['fh-249']);

function systemOf({ system, format }: Vector): HashSystem {
  return format === 'lucia-s2' ? 'lucia-legacy' : (SYSTEMS[system] ?? 'standard');
}

/** Imports the hash and verifies the password; the reason if the import rejects the hash. */
async function outcomeOf(vector: Vector): Promise<boolean | string> {
  try {
    const { hash, salt, params } = vector;
    const text = salt === undefined ? hash : firebaseHash({ hash, salt, config: params as FirebaseHashConfig });
    const stored = storedFormOf({ system: systemOf(vector), hash: text });
    return await readForeignHash(stored)!(vector.password, { acceptsTruncatedBcrypt: false });
  } catch (error) {
    if (error instanceof UnsupportedHashError) return error.message;
    throw error;
  }
}

const describeWhereThere = isThere ? describe : describe.skip;

describeWhereThere(`hashes of other systems${isThere ? '' : ' (needs its vectors: POSTERN_TEST_VECTORS)'}`, () => {
  const { vectors } = isThere ? (JSON.parse(readFileSync(path, 'utf8')) as { vectors: Vector[] }) : { vectors: [] };
  const formats = [...new Set(vectors.map(({ format }) => format))].sort();

  it.each(formats)('every vector of the format %s agrees, or the import rejects the format', async (format) => {
    const mismatches: unknown[] = [];
    const own = vectors.filter((vector) => vector.format === format);
    const outcomes = await Promise.all(own.map(outcomeOf));
    for (const [index, vector] of own.entries()) {
      const outcome = outcomes[index]!;
      expect(String(outcome)).not.toContain(vector.hash.slice(-8) || 'no hash');
      const expected = LEFT_OUT.has(format) ? false : NEAR_MISSES.has(vector.id) ? true : vector.verifies;
      if ((outcome === true) !== expected) mismatches.push({ ...vector, outcome });
    }
    expect(mismatches).toEqual([]);
    expect(own.length).toBeGreaterThan(0);
  });

  it('a format that is left out cannot be imported, and the reason says so', async () => {
    // Nothing in the text of these hashes shows that the system adds a secret.
    const unseen = ['argon2id-secret', 'devise-bcrypt'];
    const own = vectors.filter(({ format }) => LEFT_OUT.has(format) && !unseen.includes(format));
    for (const vector of own)
      expect([vector.format, await outcomeOf(vector)]).toEqual([vector.format, expect.stringContaining('support')]);
    expect(own.length).toBeGreaterThan(20);
  });
});
