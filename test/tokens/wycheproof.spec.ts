import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StaticVerificationKeys } from 'postern/auth';
import { isJwtAlgorithm, parseJws, verifyJws } from 'postern/jws';
import type { Jwk } from 'postern/jws';

/** The vectors are not part of the repository. They are in a folder beside it or in the folder of the variable. */
const corpus = join(
  process.env.POSTERN_TEST_CORPUS ?? join(import.meta.dirname, '..', '..', '..', 'shared', 'security'),
  'wycheproof',
);
const isThere = existsSync(join(corpus, 'json_web_signature_test.json'));
const ISSUER = 'https://wycheproof.example';

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly jws: unknown;
  readonly result: 'valid' | 'invalid';
}
interface Group {
  readonly private?: Jwk | { readonly keys: readonly Jwk[] };
  readonly public?: Jwk | { readonly keys: readonly Jwk[] };
  readonly tests: readonly Vector[];
}
interface Stance {
  readonly json_web_signature: { readonly label_wrong_or_unsafe_to_follow: Readonly<Record<string, string>> };
}

const read = <T>(name: string): T => JSON.parse(readFileSync(join(corpus, name), 'utf8')) as T;

/**
 * The steps of a verification that apply to a bare JWS: key import, strict parsing, key by id, algorithm, signature.
 */
function isVerified(group: Group, jws: unknown): boolean {
  const material = (group.public ?? group.private)!;
  const list = 'keys' in material ? (material.keys as readonly Jwk[]) : [material];
  try {
    const keys = new StaticVerificationKeys(new Map([[ISSUER, list.map((jwk) => ({ jwk }))]]));
    const parsed = parseJws(jws as string);
    const key = keys.find(ISSUER, parsed.kid);
    return key !== undefined && verifyJws(parsed, key);
  } catch {
    return false;
  }
}

/** Signatures that the vectors call valid but Postern rejects: another algorithm, or an empty message. */
function isNoAccessToken({ jws }: Vector): boolean {
  const [header, payload] = (jws as string).split('.');
  const { alg } = JSON.parse(Buffer.from(header!, 'base64url').toString()) as { alg: unknown };
  return payload === '' || !isJwtAlgorithm(alg);
}

const describeWhereThere = isThere ? describe : describe.skip;
const where = isThere ? '' : ' (needs its vectors: POSTERN_TEST_CORPUS says where they are)';

describeWhereThere(`Wycheproof${where}`, () => {
  const stance = isThere
    ? Object.keys(read<Stance>('stance.json').json_web_signature.label_wrong_or_unsafe_to_follow).map(Number)
    : [];

  const outcome = (file: string): Record<string, number[]> => {
    const sorted: Record<string, number[]> = {
      labelledBothWays: [],
      asLabelled: [],
      refusedByStance: [],
      refusedAsNoAccessToken: [],
      wrong: [],
    };
    for (const group of read<{ testGroups: Group[] }>(file).testGroups) {
      for (const vector of group.tests) {
        if (
          group.tests.some(({ jws, result }) => jws === vector.jws && result !== vector.result && result === 'valid')
        ) {
          sorted.labelledBothWays!.push(vector.tcId);
          continue;
        }
        const verified = isVerified(group, vector.jws);
        if (verified === (vector.result === 'valid') && !(file.includes('signature') && stance.includes(vector.tcId))) {
          sorted.asLabelled!.push(vector.tcId);
        } else if (verified) sorted.wrong!.push(vector.tcId);
        else if (file.includes('signature') && stance.includes(vector.tcId)) sorted.refusedByStance!.push(vector.tcId);
        else if (isNoAccessToken(vector)) sorted.refusedAsNoAccessToken!.push(vector.tcId);
        else sorted.wrong!.push(vector.tcId);
      }
    }
    return sorted;
  };

  it('all 401 signatures are accepted or rejected as labelled, except for the stricter rules of Postern', () => {
    const { asLabelled, labelledBothWays, refusedByStance, refusedAsNoAccessToken, wrong } =
      outcome('json_web_signature_test.json');
    expect(wrong).toEqual([]);
    expect(refusedByStance).toEqual(stance.toSorted((one, other) => one - other));
    // These vectors should have padding but equal the valid vector 357, so no verifier can match both labels.
    expect(labelledBothWays).toEqual([367, 370]);
    // Empty payloads, PS384 and PS512 are valid signatures, but never of an access token.
    expect(refusedAsNoAccessToken).toEqual([259, 264, 268, 272, 320, 321, 322, 323, 325, 326, 327, 328]);
    expect(asLabelled).toHaveLength(401 - 6 - 2 - 12);
  });

  it('signatures without the padding of vectors 367 and 370 are rejected', () => {
    const groups = read<{ testGroups: Group[] }>('json_web_signature_test.json').testGroups;
    const group = groups.find(({ tests }) => tests.some(({ tcId }) => tcId === 367))!;
    const [header, payload, signature] = (group.tests.find(({ tcId }) => tcId === 367)!.jws as string).split('.');
    expect(isVerified(group, `${header}.${payload}.${signature}`)).toBe(true);
    expect(isVerified(group, `${header}=.${payload}.${signature}`)).toBe(false);
    expect(isVerified(group, `${header}.${payload}==.${signature}`)).toBe(false);
    expect(isVerified(group, `${header}.${payload}.${signature}=`)).toBe(false);
  });

  it('all 26 keys and key sets are accepted or rejected as labelled', () => {
    const { asLabelled, refusedAsNoAccessToken, wrong } = outcome('json_web_key_test.json');
    expect(wrong).toEqual([]);
    // HS384 and HS512 are not supported.
    expect(refusedAsNoAccessToken).toEqual([14, 15]);
    expect(asLabelled).toHaveLength(24);
  });
});
