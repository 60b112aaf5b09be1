import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { createSignature, verifySignature } from 'postern/jws';
import type { JwtAlgorithm } from 'postern/jws';
import { KeyRing } from './keys/key-ring.js';
import { SigningKeys } from './keys/signing-keys.js';
import { SignerFailedError } from './tokens.errors.js';

/** Signs JWTs of this issuer with the active key: access tokens, security event tokens, ID tokens. */
@Injectable()
export class TokenSigner {
  constructor(
    private readonly known: KeyRing,
    private readonly keys: SigningKeys,
    private readonly jwt: JwtService,
  ) {}

  /**
   * Signs the claims without adding any.
   *
   * @param header `typ` in its short form, e.g. `at+jwt`; `algorithm` if it is not the one of access tokens
   * @throws NoActiveKeyError when no key of the algorithm can currently sign
   * @throws SignerFailedError when an external signer fails, or its public key does not verify the signature
   */
  async sign(payload: object, header: { readonly typ: string; readonly algorithm?: JwtAlgorithm }): Promise<string> {
    const { kid, alg, key } = await this.known.signingKey(header.algorithm);
    const local = this.keys.localKey(kid);
    if (local && !isMissingInLibrary(alg)) {
      return this.jwt.sign(payload, {
        privateKey: local,
        algorithm: alg,
        // jsonwebtoken adds a missing `iat`, and with `noTimestamp` it removes an existing one. The claims must not
        // change.
        noTimestamp: !('iat' in payload),
        header: { alg, typ: header.typ, kid },
      });
    }

    const input = [{ alg, typ: header.typ, kid }, payload]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    if (local) return `${input}.${createSignature(alg, local, Buffer.from(input)).toString('base64url')}`;
    const signature = await this.keys.sign(kid, Buffer.from(input)).catch((cause: unknown) => {
      throw new SignerFailedError(undefined, { cause });
    });
    // A signature in DER or by another key would make tokens that no service accepts.
    if (!verifySignature({ kid, alg, key }, Buffer.from(input), signature)) {
      throw new SignerFailedError(undefined, {
        cause: new Error(`the public key ${kid} does not verify the signature; for ECDSA return raw r||s, not DER`),
      });
    }
    return `${input}.${signature.toString('base64url')}`;
  }
}

/** `jsonwebtoken`, which `JwtService` calls, has no Ed25519. */
function isMissingInLibrary(alg: JwtAlgorithm): alg is 'EdDSA' | 'Ed25519' {
  return alg === 'EdDSA' || alg === 'Ed25519';
}
