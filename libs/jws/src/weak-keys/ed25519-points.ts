import type { KeyObject } from 'node:crypto';

const FIELD = 2n ** 255n - 19n;

/** The y coordinates of the eight points whose order divides the cofactor: 1, −1, 0, and two of order eight. */
const SMALL_ORDER: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  FIELD - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);

/**
 * Whether the Ed25519 key is a point of small order, in any encoding. Signatures that verify with such a key can be
 * made without its private part, and OpenSSL does not reject it.
 *
 * @see RFC 8032 §5.1.7, RFC 7748 §6.1 on the same points of Curve25519
 */
export function isSmallOrderPoint(key: KeyObject): boolean {
  const { x = '' } = key.export({ format: 'jwk' });
  // Little-endian; the highest bit is the sign of the other coordinate.
  const bytes = Buffer.from(x, 'base64url').reverse();
  const y = BigInt(`0x${bytes.toString('hex')}`) & (2n ** 255n - 1n);
  return SMALL_ORDER.has(y % FIELD);
}
