import { createHash } from 'node:crypto';
import { isScopeList } from 'postern/jws';
import { quoted, reject } from '../auth.errors.js';
import { isInstant } from '../revocations/revocation.js';
import { profileDefectOf, standardClaims } from '../profiles/standard-claims.js';
import { issuedAheadSeconds } from './access-token-rules.js';
import type { Actor, Principal } from '../guard/principal.js';
import type { ParsedToken } from './parse-access-token.js';

const MAX_SUBJECT_LENGTH = 255;
const MAX_NAME_LENGTH = 512;
/* oxlint-disable-next-line no-control-regex -- control characters are what it finds */
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const NONE: readonly string[] = Object.freeze([]);

/**
 * Validates every claim of an access token after its signature was verified, and returns the principal.
 *
 * @param keyId the key that verified the signature
 * @param now epoch seconds
 * @throws InvalidTokenError
 * @see RFC 9068 §2.2 and §4, RFC 7519 §4.1
 */
export function validateClaims(token: ParsedToken, keyId: string, now: number): Principal {
  const { rules } = token;
  const claims = standardClaims(token.claims, rules);
  const { iss, sub, exp, iat, nbf } = claims;
  const jti = claims.jti ?? (rules.profile && signedTextHash(token));
  const { clockToleranceSeconds: tolerance } = rules;
  if (iss !== rules.issuer) reject('iss is not the issuer of the rules');
  const defect = rules.profile && profileDefectOf(token.claims, rules.profile);
  if (defect !== undefined) reject(defect);
  if (rules.tenant !== undefined && token.claims[rules.profile!.tenant!.claim] !== rules.tenant) {
    reject('the token is of another tenant than its issuer');
  }
  if (!isText(sub, MAX_SUBJECT_LENGTH)) return reject('sub is not a string of 1 to 255 characters');
  if (!isText(jti, MAX_NAME_LENGTH)) return reject('jti is not a string');

  const audience = typeof claims.aud === 'string' ? [claims.aud] : claims.aud;
  if (!isListOfTexts(audience)) return reject('aud is not a string or a list of strings');
  if (!audience.some((name) => rules.audience.includes(name))) {
    reject(
      `the audience is ${quoted(claims.aud)}, expected ${rules.audience.map((name) => quoted(name)).join(' or ')}`,
    );
  }

  if (!isInstant(exp)) return reject('exp is not a number');
  if (!isInstant(iat)) return reject('iat is not a number');
  if (nbf !== undefined && !isInstant(nbf)) return reject('nbf is not a number');
  if (now >= exp + tolerance) reject('expired');
  if (nbf !== undefined && nbf > now + tolerance) reject('not yet valid');
  if (iat > now + issuedAheadSeconds(rules)) {
    const ahead = Math.ceil(iat - now);
    reject(`issued ${ahead} s in the future, ${issuedAheadSeconds(rules)} s are allowed: the clocks differ`);
  }
  if (exp <= iat || exp - iat > rules.maximumLifetimeSeconds) reject('lives longer than allowed');

  const { scope, roles = NONE, amr = NONE, auth_time: authTime } = claims;
  if (scope !== undefined && scope !== '' && !isScopeList(scope)) reject('scope is malformed');
  if (!isListOfTexts(roles)) return reject('roles is not a list of strings');
  if (!isListOfTexts(amr)) return reject('amr is not a list of strings');
  if (authTime !== undefined && !isInstant(authTime)) return reject('auth_time is not a number');
  for (const name of ['sid', 'client_id', 'org', 'acr'] as const) {
    if (claims[name] !== undefined && !isText(claims[name], MAX_NAME_LENGTH)) reject(`${name} is not a string`);
  }
  // RFC 9449 §7.1, RFC 8705 §3: the sender must show that it has the key, which this lib does not check.
  if (Object.hasOwn(claims, 'cnf')) reject('cnf binds the token to a key, which is not supported');

  const actor = actorOf(claims.act);
  // Another vendor may use the claim for something else.
  if (actor === undefined && claims.act !== undefined && !rules.profile) return reject('act has no valid sub');

  return new VerifiedPrincipal(rules.issuer, sub, audience, jti, roles, amr, keyId, claims, token.claims, actor);
}

/** @see RFC 8693 §4.1 */
function actorOf(act: unknown): Actor | undefined {
  if (typeof act !== 'object' || act === null || Array.isArray(act)) return undefined;
  const { sub, roles } = act as Readonly<Record<string, unknown>>;
  if (!isText(sub, MAX_SUBJECT_LENGTH)) return undefined;
  return Object.freeze({ subject: sub, ...(isListOfTexts(roles) && { roles: Object.freeze(roles) }) });
}

/**
 * Identifies a token without a `jti`. The signature is not part of it, because an ECDSA signature has a second valid
 * form: a client could change the identifier of a revoked token.
 */
function signedTextHash({ jws: { text, signature } }: ParsedToken): string {
  return createHash('sha256')
    .update(text.slice(0, text.length - signature.length - 1))
    .digest('base64url');
}

/** Frozen, because many requests share one principal: no handler may change the principal of another request. */
class VerifiedPrincipal implements Principal {
  readonly sessionId?: string;
  readonly clientId?: string;
  readonly organization?: string;
  readonly acr?: string;
  readonly actor?: Actor;
  readonly scopes: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number;

  constructor(
    readonly issuer: string,
    readonly subject: string,
    readonly audience: readonly string[],
    readonly tokenId: string,
    readonly roles: readonly string[],
    readonly amr: readonly string[],
    readonly keyId: string,
    standard: Readonly<Record<string, unknown>>,
    readonly claims: Readonly<Record<string, unknown>>,
    actor: Actor | undefined,
  ) {
    this.actor = actor;
    this.sessionId = standard.sid as string | undefined;
    this.clientId = standard.client_id as string | undefined;
    this.organization = standard.org as string | undefined;
    this.acr = standard.acr as string | undefined;
    this.scopes = standard.scope ? (standard.scope as string).split(' ') : NONE;
    this.issuedAt = claims.iat as number;
    this.expiresAt = claims.exp as number;
    const authTime = standard.auth_time as number | undefined;
    if (authTime !== claims.auth_time) {
      Object.defineProperty(this, 'authenticatedAt', { get: () => dateOf(authTime) });
    }
    Object.freeze(this.audience);
    Object.freeze(this.roles);
    Object.freeze(this.amr);
    Object.freeze(this.scopes);
    Object.freeze(this);
  }

  /** A new Date at each call, because a Date can be changed even if its owner is frozen. */
  get authenticatedAt(): Date | undefined {
    return dateOf(this.claims.auth_time as number | undefined);
  }
}

function dateOf(seconds: number | undefined): Date | undefined {
  return seconds === undefined ? undefined : new Date(seconds * 1000);
}

function isText(value: unknown, maximumLength: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maximumLength && !CONTROL_CHARACTER.test(value);
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
