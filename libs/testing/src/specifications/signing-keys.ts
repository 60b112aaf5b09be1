import assert from 'node:assert/strict';
import { constants, createHmac, createPublicKey, sign, verify } from 'node:crypto';
import type { PublicSigningKey, SigningKeys } from 'postern/tokens';
import { specification } from './specification.js';
import type { Made } from './specification.js';

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'];
const INPUT = Buffer.from('eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGEifQ');

/**
 * Tests the promises of `SigningKeys`.
 *
 * @example
 * ```ts
 * signingKeysSpec(() => new KmsSigningKeys(kms));
 * ```
 */
export function signingKeysSpec(make: Made<SigningKeys>): void {
  specification('SigningKeys', {
    'keys() contains an active key, and each kid once': async () => {
      const keys = await (await make()).keys();
      assert.ok(keys.some(isActive), 'no key is active');
      assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
      for (const { kid } of keys) assert.ok(kid.length > 0 && kid.length <= 64, `kid "${kid}"`);
    },
    'keys() contains only public keys, apart from HS256 secrets': async () => {
      for (const { alg, key, jwk } of await (await make()).keys()) {
        assert.equal(key.type, alg === 'HS256' ? 'secret' : 'public');
        if (alg === 'HS256') assert.equal(jwk, undefined, 'a secret is never published');
        assert.deepEqual(
          Object.keys(jwk ?? {}).filter((member) => PRIVATE_MEMBERS.includes(member)),
          [],
        );
      }
    },
    'keys() has the JWK of each public key': async () => {
      for (const { alg, key, jwk } of await (await make()).keys()) {
        if (alg === 'HS256') continue;
        assert.ok(jwk, 'a public key is published');
        assert.ok(createPublicKey({ key: jwk, format: 'jwk' }).equals(key));
      }
    },
    'sign() returns a JWS signature that the public key verifies': async () => {
      const signer = await make();
      for (const key of (await signer.keys()).filter(isActive)) {
        const bytes = await signature(signer, key, INPUT);
        assert.ok(verifies(key, INPUT, bytes), `the public key ${key.kid} does not verify the signature`);
        assert.ok(!verifies(key, Buffer.concat([INPUT, Buffer.from('x')]), bytes));
      }
    },
    'sign() signs 20 concurrent inputs': async () => {
      const signer = await make();
      const key = (await signer.keys()).find(isActive)!;
      const inputs = Array.from({ length: 20 }, (_, index) => Buffer.from(`${INPUT.toString()}${index}`));
      const signatures = await Promise.all(inputs.map((input) => signature(signer, key, input)));
      assert.ok(signatures.every((bytes, index) => verifies(key, inputs[index]!, bytes)));
    },
    'localKey() returns only a private key of its public key': async () => {
      const signer = await make();
      for (const { kid, alg, key } of await signer.keys()) {
        const local = signer.localKey(kid);
        if (local === undefined) continue;
        assert.ok(alg === 'HS256' ? local.equals(key) : createPublicKey(local).equals(key));
      }
    },
  });
}

function isActive({ activeAt, retiredAt }: PublicSigningKey): boolean {
  const now = Date.now();
  return (activeAt?.getTime() ?? 0) <= now && (retiredAt?.getTime() ?? Infinity) > now;
}

/** Signs as the server does: with the local private key if there is one, or else by `sign()`. */
async function signature(signer: SigningKeys, key: PublicSigningKey, input: Buffer): Promise<Buffer> {
  const local = signer.localKey(key.kid);
  if (local === undefined) return signer.sign(key.kid, input);
  if (key.alg === 'HS256') return createHmac('sha256', local).update(input).digest();
  return sign(digestOf(key), input, { key: local, ...formOf(key) });
}

/** @see RFC 7518 §3 */
function verifies(key: PublicSigningKey, input: Buffer, bytes: Buffer): boolean {
  if (key.alg === 'HS256') return createHmac('sha256', key.key).update(input).digest().equals(bytes);
  return verify(digestOf(key), input, { key: key.key, ...formOf(key) }, bytes);
}

const digestOf = ({ alg }: PublicSigningKey): string => `sha${alg.slice(2)}`;

function formOf({ alg }: PublicSigningKey): { dsaEncoding?: 'ieee-p1363'; padding?: number; saltLength?: number } {
  if (alg.startsWith('ES')) return { dsaEncoding: 'ieee-p1363' };
  if (alg.startsWith('RS')) return {};
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
}
