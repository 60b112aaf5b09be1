import assert from 'node:assert/strict';
import { constants, createHmac, createPublicKey, sign, verify } from 'node:crypto';
import type { PublicSigningKey, SigningKeys } from 'postern/tokens';
import { specification } from './specification.js';
import type { Made } from './specification.js';

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'];
const INPUT = Buffer.from('eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ');

/**
 * What every `SigningKeys` promises.
 *
 * @example
 * ```ts
 * signingKeysSpec(() => new KmsSigningKeys(kms));
 * ```
 */
export function signingKeysSpec(make: Made<SigningKeys>): void {
  specification('SigningKeys', {
    'has a key that signs now, and names each key once': async () => {
      const keys = await (await make()).keys();
      assert.ok(keys.some(signsNow), 'no key signs now');
      assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
      for (const { kid } of keys) assert.ok(kid.length > 0 && kid.length <= 64, `kid "${kid}"`);
    },
    'shows public halves only': async () => {
      for (const { alg, key, jwk } of await (await make()).keys()) {
        assert.equal(key.type, alg === 'HS256' ? 'secret' : 'public');
        if (alg === 'HS256') assert.equal(jwk, undefined, 'a secret is never published');
        assert.deepEqual(
          Object.keys(jwk ?? {}).filter((member) => PRIVATE_MEMBERS.includes(member)),
          [],
        );
      }
    },
    'publishes the very key that proves': async () => {
      for (const { alg, key, jwk } of await (await make()).keys()) {
        if (alg === 'HS256') continue;
        assert.ok(jwk, 'a public key is published');
        assert.ok(createPublicKey({ key: jwk, format: 'jwk' }).equals(key));
      }
    },
    'signs as JWS writes it, so that the public half proves it': async () => {
      const signer = await make();
      for (const key of (await signer.keys()).filter(signsNow)) {
        const made = await signature(signer, key, INPUT);
        assert.ok(proves(key, INPUT, made), `${key.kid} does not prove what it signed`);
        assert.ok(!proves(key, Buffer.concat([INPUT, Buffer.from('x')]), made));
      }
    },
    'signs many at once': async () => {
      const signer = await make();
      const key = (await signer.keys()).find(signsNow)!;
      const inputs = Array.from({ length: 20 }, (_, index) => Buffer.from(`${INPUT.toString()}${index}`));
      const signatures = await Promise.all(inputs.map((input) => signature(signer, key, input)));
      assert.ok(signatures.every((made, index) => proves(key, inputs[index]!, made)));
    },
    'keeps a private half in this process only where it belongs to the public one': async () => {
      const signer = await make();
      for (const { kid, alg, key } of await signer.keys()) {
        const local = signer.localKey(kid);
        if (local === undefined) continue;
        assert.ok(alg === 'HS256' ? local.equals(key) : createPublicKey(local).equals(key));
      }
    },
  });
}

function signsNow({ activeAt, retiredAt }: PublicSigningKey): boolean {
  const now = Date.now();
  return (activeAt?.getTime() ?? 0) <= now && (retiredAt?.getTime() ?? Infinity) > now;
}

/** Made as the server makes it: by the private half where that is in this process, else by the signer. */
async function signature(signer: SigningKeys, key: PublicSigningKey, input: Buffer): Promise<Buffer> {
  const local = signer.localKey(key.kid);
  if (local === undefined) return signer.sign(key.kid, input);
  if (key.alg === 'HS256') return createHmac('sha256', local).update(input).digest();
  return sign(digestOf(key), input, { key: local, ...formOf(key) });
}

/** @see RFC 7518 §3 */
function proves(key: PublicSigningKey, input: Buffer, made: Buffer): boolean {
  if (key.alg === 'HS256') return createHmac('sha256', key.key).update(input).digest().equals(made);
  return verify(digestOf(key), input, { key: key.key, ...formOf(key) }, made);
}

const digestOf = ({ alg }: PublicSigningKey): string => `sha${alg.slice(2)}`;

function formOf({ alg }: PublicSigningKey): { dsaEncoding?: 'ieee-p1363'; padding?: number; saltLength?: number } {
  if (alg.startsWith('ES')) return { dsaEncoding: 'ieee-p1363' };
  if (alg.startsWith('RS')) return {};
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
