import { Inject, Injectable } from '@nestjs/common';
import { JsonWebTokenError, JwtService } from '@nestjs/jwt';
import { AuthError, ServiceUnavailableError } from 'postern/problem';
import { readClaims } from './access-token-claims.js';
import { AUTH_SETTINGS } from './auth-settings.js';
import { InvalidTokenError, RevocationsUnknownError } from './auth.errors.js';
import { credentialsWith } from './bearer-token.js';
import { Clock } from './clock.js';
import { isThenable } from './is-thenable.js';
import { readAccessToken, refuse } from './read-access-token.js';
import { Proof, RememberedProofs } from './remembered-proofs.js';
import { RevocationHealth } from './revocation-health.js';
import { RevocationSet } from './revocation-set.js';
import { issuedAheadSeconds } from './token-rules.js';
import { TrustedIssuers } from './trusted-issuers.js';
import { VerificationKeys } from './verification-keys.js';
import type { AuthSettings } from './auth-settings.js';
import type { Principal } from './principal.js';
import type { UnprovenToken } from './read-access-token.js';
import type { VerificationKey } from './verification-keys.js';

const REMEMBERED_ENTRIES = 10_000;
const REMEMBERED_BYTES = 16 * 1024 * 1024;

/** A well-formed token and the key that must have signed it: all that is missing is the signature. */
export interface TokenToProve {
  readonly token: UnprovenToken;
  readonly key: VerificationKey;
}

/**
 * Says whom an access token speaks for, wherever it comes from: the guard over HTTP asks it through passport, and a WebSocket
 * gateway, a microservice or a queue consumer asks it directly. Same strict reading, same proofs, same refusals.
 *
 * @example
 * const principal = await verifier.verify(message.token);
 */
@Injectable()
export class AccessTokenVerifier {
  private readonly proofs: RememberedProofs | undefined;
  private readonly ownIssuer: string;
  private readonly rulesOf = (issuer: unknown) => this.issuers.get(issuer);

  constructor(
    @Inject(AUTH_SETTINGS) { rememberedProofs = {} }: AuthSettings,
    private readonly issuers: TrustedIssuers,
    private readonly keys: VerificationKeys,
    private readonly revocations: RevocationSet,
    private readonly clock: Clock,
    private readonly health: RevocationHealth,
  ) {
    this.ownIssuer = issuers.own.issuer;
    if (rememberedProofs === false) return;
    const { entries = REMEMBERED_ENTRIES, bytes = REMEMBERED_BYTES } = rememberedProofs;
    this.proofs = new RememberedProofs(entries, bytes);
  }

  /**
   * @param text the token alone, without `Bearer`
   * @throws InvalidTokenError for every token that is not accepted, whatever the reason
   * @throws RevocationsUnknownError for a good token, where the settings want it refused because nobody knows what was revoked
   * @throws ServiceUnavailableError while no key of the issuer is known
   */
  async verify(text: string): Promise<Principal> {
    const remembered = this.remembered(text);
    if (remembered !== undefined) return remembered;
    try {
      const unproven = await this.prepare(text);
      const { token, key } = unproven;
      new JwtService({ publicKey: key.key }).verify(text, {
        algorithms: [key.alg],
        issuer: token.rules.issuer,
        audience: [...token.rules.audience] as [string],
        clockTolerance: token.rules.clockToleranceSeconds,
        clockTimestamp: this.clock.now() / 1000,
      });
      return this.settle(unproven);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /**
   * The principal of a token that was proven before and still stands: its time, its revocations and its key are looked at anew.
   *
   * @throws RevocationsUnknownError
   */
  remembered(text: string): Principal | undefined {
    return typeof text === 'string' ? this.rememberedBy(credentialsWith(text)) : undefined;
  }

  /**
   * The same by the credentials that a request carries, `Bearer` and the token: to look up a piece of a text takes twice as long as
   * to look up the whole.
   *
   * @throws RevocationsUnknownError
   */
  rememberedBy(credentials: string): Principal | undefined {
    const proof = this.proofs?.get(credentials);
    if (proof === undefined) return undefined;
    if (!this.stands(proof, this.clock.now() / 1000)) {
      this.proofs?.delete(credentials);
      return undefined;
    }
    this.assertKnown(proof);
    return proof.principal;
  }

  /**
   * The first half of a proof: the strict reading, and the key. A value and not a promise where the key is at hand.
   *
   * @throws InvalidTokenError
   * @throws ServiceUnavailableError while no key of the issuer is known
   */
  prepare(text: string): TokenToProve | Promise<TokenToProve> {
    if (typeof text !== 'string') return refuse('not a text');
    const token = readAccessToken(text, this.rulesOf);
    const key = this.keys.find(token.rules.issuer, token.kid);
    return isThenable(key) ? Promise.resolve(key).then((found) => this.fitted(token, found)) : this.fitted(token, key);
  }

  private fitted(token: UnprovenToken, key: VerificationKey | undefined): TokenToProve {
    // A token that names no key is refused by itself where keys are fetched.
    if (key === undefined && token.kid !== undefined && !this.keys.knows(token.rules.issuer)) {
      throw new ServiceUnavailableError('The keys of the issuer cannot be had at the moment.');
    }
    return fitting(token, key);
  }

  /**
   * The second half, once the signature is proven: the strict reading of the claims, and whether any of it was revoked.
   *
   * @throws InvalidTokenError, RevocationsUnknownError
   */
  settle({ token, key }: TokenToProve): Principal {
    const now = this.clock.now() / 1000;
    const principal = readClaims(token, key.kid, now);
    const tolerance = token.rules.clockToleranceSeconds;
    const notBefore = (token.claims.nbf as number | undefined) ?? 0;
    const startsAt = Math.max(principal.issuedAt - issuedAheadSeconds(token.rules), notBefore - tolerance);
    const proof = new Proof(credentialsWith(token.text), principal, startsAt, principal.expiresAt + tolerance);
    if (!this.stands(proof, now)) refuse('revoked, or its key is gone');
    this.proofs?.add(proof, now, token.text);
    this.assertKnown(proof);
    return principal;
  }

  /** Whether the token is of the application's own issuer: the one at the top of the settings. */
  isOfOwnIssuer({ issuer }: Principal): boolean {
    return issuer === this.ownIssuer;
  }

  /** What the silence of one issuer hides are its own revocations: tokens of the others pass. */
  private assertKnown({ issuer }: Proof): void {
    (issuer === this.ownIssuer ? this.health : this.health.of(issuer))?.assertKnown();
  }

  private stands(proof: Proof, now: number): boolean {
    return (
      now >= proof.validFrom &&
      now < proof.validUntil &&
      this.isCleared(proof) &&
      this.keys.isLive(proof.issuer, proof.keyId)
    );
  }

  /** Looked up anew whenever anything was revoked since, whatever it was. */
  private isCleared(proof: Proof): boolean {
    const { version } = this.revocations;
    if (proof.clearedAt === version) return true;
    if (this.revocations.isRevoked(proof.principal)) return false;
    proof.clearedAt = version;
    return true;
  }
}

/** That nobody can tell at the moment, which no sign-in mends. */
function isUnknown(failure: unknown): failure is RevocationsUnknownError | ServiceUnavailableError {
  return failure instanceof RevocationsUnknownError || failure instanceof ServiceUnavailableError;
}

/** The refusal that answers whatever a proof has failed by. */
export function refusalOf(failure: unknown): AuthError {
  if (failure instanceof InvalidTokenError || isUnknown(failure)) return failure;
  // One of a few sentences that quote nothing of the token, such as "invalid signature".
  const cause = failure instanceof JsonWebTokenError ? failure.message : failure;
  return new InvalidTokenError(undefined, { cause });
}

/** RFC 8725 §3.1: a key proves its one algorithm, so that a public key is never taken for a secret. */
function fitting(token: UnprovenToken, key: VerificationKey | undefined): TokenToProve {
  if (key === undefined) return refuse('no such key');
  if (token.kid !== undefined && token.kid !== key.kid) refuse('the key has another name');
  if (token.alg !== key.alg) refuse('algorithm is not that of the key');
  return { token, key };
}
