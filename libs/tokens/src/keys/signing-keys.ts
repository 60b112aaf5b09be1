import type { JsonWebKey, KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from 'postern/auth';

/** The public data of a signing key, and the instants of its life. */
export interface PublicSigningKey {
  /** The `kid` in the header of tokens: the RFC 7638 thumbprint, or a configured id. */
  readonly kid: string;
  readonly alg: JwtAlgorithm;
  /** Verifies signatures: the public key, or the shared secret of HS256. */
  readonly key: KeyObject;
  /** The JWK in the JWKS; `undefined` for HS256, which is never published. */
  readonly jwk?: JsonWebKey;
  /** When it was added to the JWKS; absent if unknown. */
  readonly announcedAt?: Date;
  /** When it begins to sign; absent if it signs at once. */
  readonly activeAt?: Date;
  /** When it stops signing; it still verifies. Absent if not yet set. */
  readonly retiredAt?: Date;
  /** When it stops verifying; absent if not yet set. */
  readonly goneAt?: Date;
}

/**
 * Port: the signing keys of this server, in the database, in the configuration or in a signer.
 *
 * The default, {@link DatabaseSigningKeys}, stores them encrypted in the database. A team with a KMS or an HSM extends
 * this class and passes it as `signer` to `TokensModule.forRoot`. The private key then never enters this process.
 *
 * @example
 * ```ts
 * class KmsSigningKeys extends SigningKeys {
 *   async keys() {
 *     const key = createPublicKey(pem);
 *     return [{ kid: 'kms-1', alg: 'ES256', key, jwk: key.export({ format: 'jwk' }) }];
 *   }
 *   async sign(kid: string, signingInput: Buffer) {
 *     const { Signature } = await this.kms.send(new SignCommand({ KeyId: kid, Message: signingInput }));
 *     return ecdsaSignatureFromDer(Signature, 'ES256');
 *   }
 * }
 * ```
 */
export abstract class SigningKeys {
  /** All announced, active and retired keys. Called about twice a second, so it should be cheap. */
  abstract keys(): Promise<readonly PublicSigningKey[]>;

  /**
   * Signs the input with one of the keys.
   *
   * @param signingInput the bytes to sign, not hashed (RFC 7515 §5.1)
   * @returns the signature of the JWS; for ECDSA the raw r‖s of RFC 7518 §3.4, see {@link ecdsaSignatureFromDer}
   */
  abstract sign(kid: string, signingInput: Buffer): Promise<Buffer>;

  /** The private key, if it is in this process; undefined by default. */
  localKey(_kid: string): KeyObject | undefined {
    return undefined;
  }
}
