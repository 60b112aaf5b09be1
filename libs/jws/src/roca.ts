import type { KeyObject } from 'node:crypto';

const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/** The residues modulo each prime that a modulus of the broken generator can have: the powers of 65537. */
const RESIDUES = PRIMES.map((prime) => {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65_537) % prime) powers.add(power);
  return { prime: BigInt(prime), powers };
});

/**
 * Whether an RSA key has the fingerprint of the broken generator, whose private keys can be computed from the public
 * ones. A sound key has it by chance once in about 2^27.
 *
 * @see CVE-2017-15361
 */
export function hasRocaFingerprint(key: KeyObject): boolean {
  const { n = '' } = key.export({ format: 'jwk' });
  const modulus = BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`);
  return RESIDUES.every(({ prime, powers }) => powers.has(Number(modulus % prime)));
}
