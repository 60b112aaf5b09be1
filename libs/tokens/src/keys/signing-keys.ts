import type { JsonWebKey, KeyObject } from 'node:crypto';
import type { JwtAlgorithm } from 'postern/auth';

/** What the world may know of a signing key, and when it signs. */
export interface PublicSigningKey {
  /** Names the key in the header of a token; the RFC 7638 thumbprint, unless the key's owner gave another name. */
  readonly kid: string;
  readonly alg: JwtAlgorithm;
  /** Proves what the key signed: the public half, or the shared secret of HS256. */
  readonly key: KeyObject;
  /** What the JWKS shows; `undefined` for HS256, which is never published. */
  readonly jwk?: JsonWebKey;
  /** Since then the JWKS shows it; absent: not known. */
  readonly announcedAt?: Date;
  /** From then on it signs; absent: at once. */
  readonly activeAt?: Date;
  /** From then on it signs no more, and still proves; absent: not known yet. */
  readonly retiredAt?: Date;
  /** From then on it proves nothing; absent: not known yet. */
  readonly goneAt?: Date;
}

/**
 * Port: the keys that this server signs with, wherever their private halves live.
 *
 * The default, {@link DatabaseSigningKeys}, keeps them encrypted in the database. A team with a KMS or an HSM extends this
 * class and passes it as `TokensModule.forRoot(settings, { signer })`: the private half then never enters this process.
 *
 * @example
 * ```ts
 * class KmsSigningKeys extends SigningKeys {
 *   async keys() {
 *     return [{ kid: 'kms-1', alg: 'ES256', key: createPublicKey(pem), jwk: createPublicKey(pem).export({ format: 'jwk' }) }];
 *   }
 *   async sign(kid: string, signingInput: Buffer) {
 *     const { Signature } = await this.kms.send(new SignCommand({ KeyId: kid, Message: signingInput }));
 *     return ecdsaSignatureFromDer(Signature, 'ES256');
 *   }
 * }
 * ```
 */
export abstract class SigningKeys {
  /** Every key that is announced, active or retired; asked about twice a second, so it should be cheap. */
  abstract keys(): Promise<readonly PublicSigningKey[]>;

  /**
   * Signs the input with one of the keys.
   *
   * @param signingInput the bytes to sign, not hashed yet (RFC 7515 §5.1)
   * @returns the signature as JWS writes it; for ECDSA the raw r‖s of RFC 7518 §3.4, see {@link ecdsaSignatureFromDer}
   */
  abstract sign(kid: string, signingInput: Buffer): Promise<Buffer>;

  /** The private half where it lives in this process, so that it can sign without a detour; by default it does not. */
  localKey(_kid: string): KeyObject | undefined {
    return undefined;
  }
}
