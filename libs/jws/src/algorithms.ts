/** The JWS signature algorithms that Postern supports. `none` is not one of them. */
export const JWT_ALGORITHMS = [
  'ES256',
  'ES384',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'EdDSA',
  'Ed25519',
  'HS256',
] as const;

/**
 * A signature algorithm, by its name in the header `alg`.
 *
 * `EdDSA` (RFC 8037) and `Ed25519` (RFC 9864) are the same signature under two names. Postern supports no Ed448.
 *
 * @see RFC 7518 §3.1
 */
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];

/**
 * The default list of accepted algorithms. HS256 needs an explicit setting, because every verifier of a secret can
 * also sign with it.
 */
export const ASYMMETRIC_ALGORITHMS: readonly JwtAlgorithm[] = JWT_ALGORITHMS.filter((alg) => alg !== 'HS256');

/** Whether the value names a supported algorithm. */
export function isJwtAlgorithm(value: unknown): value is JwtAlgorithm {
  return (JWT_ALGORITHMS as readonly unknown[]).includes(value);
}

/** The kind of key that an algorithm needs, and the names that `node:crypto` has for its parts. */
export type AlgorithmParameters =
  | { readonly kind: 'secret'; readonly digest: string }
  | { readonly kind: 'rsa'; readonly digest: string; readonly isPss: boolean }
  | { readonly kind: 'ed25519' }
  | {
      readonly kind: 'ec';
      readonly digest: string;
      /** OpenSSL's name of the curve. */
      readonly curve: string;
      /** Bytes of one of the two numbers of a signature. */
      readonly coordinateBytes: number;
    };

/**
 * The one table of algorithms.
 *
 * @see RFC 7518 §3.2 to §3.5, RFC 8037 §3.1, RFC 9864 §2.2
 */
export const ALGORITHM_PARAMETERS = {
  ES256: { kind: 'ec', digest: 'sha256', curve: 'prime256v1', coordinateBytes: 32 },
  ES384: { kind: 'ec', digest: 'sha384', curve: 'secp384r1', coordinateBytes: 48 },
  RS256: { kind: 'rsa', digest: 'sha256', isPss: false },
  RS384: { kind: 'rsa', digest: 'sha384', isPss: false },
  RS512: { kind: 'rsa', digest: 'sha512', isPss: false },
  PS256: { kind: 'rsa', digest: 'sha256', isPss: true },
  EdDSA: { kind: 'ed25519' },
  Ed25519: { kind: 'ed25519' },
  HS256: { kind: 'secret', digest: 'sha256' },
} as const satisfies Record<JwtAlgorithm, AlgorithmParameters>;
