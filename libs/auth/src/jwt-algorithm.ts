/** Every signature algorithm that Postern proves; `none` and whatever is not written here is refused. */
export const JWT_ALGORITHMS = ['ES256', 'ES384', 'RS256', 'RS384', 'RS512', 'PS256', 'HS256'] as const;

/**
 * The name of a signature algorithm as it stands in a token's `alg`.
 *
 * @see RFC 7518 §3.1
 */
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];

/** What is accepted unless the settings say otherwise: asymmetric only, since a secret is shared on purpose or not at all. */
export const ASYMMETRIC_ALGORITHMS: readonly JwtAlgorithm[] = JWT_ALGORITHMS.filter((alg) => alg !== 'HS256');

/** Whether the text names an algorithm that Postern proves. */
export function isJwtAlgorithm(text: unknown): text is JwtAlgorithm {
  return (JWT_ALGORITHMS as readonly unknown[]).includes(text);
}
