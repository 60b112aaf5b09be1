import { refuse } from './read-access-token.js';
import { isInstant } from './revocation.js';
import { issuedAheadSeconds } from './token-rules.js';
import type { Principal } from './principal.js';
import type { UnprovenToken } from './read-access-token.js';

const MAXIMUM_SUBJECT_LENGTH = 255;
const MAXIMUM_NAME_LENGTH = 512;
/* oxlint-disable-next-line no-control-regex -- control characters are what it finds */
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const NONE: readonly string[] = Object.freeze([]);
/** RFC 6749 §3.3 */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/**
 * The strict reading of an access token after its signature was proven: who it speaks for, if every claim is what it must be.
 *
 * @param keyId the key that proved it
 * @param now epoch seconds
 * @throws InvalidTokenError
 * @see RFC 9068 §2.2 and §4, RFC 7519 §4.1
 */
export function readClaims({ claims, rules }: UnprovenToken, keyId: string, now: number): Principal {
  const { iss, sub, exp, iat, nbf, jti } = claims;
  const { clockToleranceSeconds: tolerance } = rules;
  if (iss !== rules.issuer) refuse('iss is not the issuer of the rules');
  if (!isText(sub, MAXIMUM_SUBJECT_LENGTH)) return refuse('sub is not a text of 1 to 255 characters');
  if (!isText(jti, MAXIMUM_NAME_LENGTH)) return refuse('jti is not a text');

  const audience = typeof claims.aud === 'string' ? [claims.aud] : claims.aud;
  if (!isListOfTexts(audience)) return refuse('aud is not a text or a list of texts');
  if (!audience.some((one) => rules.audience.includes(one))) refuse('aud does not name this application');

  if (!isInstant(exp)) return refuse('exp is not a number');
  if (!isInstant(iat)) return refuse('iat is not a number');
  if (nbf !== undefined && !isInstant(nbf)) return refuse('nbf is not a number');
  if (now >= exp + tolerance) refuse('expired');
  if (nbf !== undefined && nbf > now + tolerance) refuse('not yet valid');
  if (iat > now + issuedAheadSeconds(rules)) refuse('issued in the future');
  if (exp <= iat || exp - iat > rules.maximumLifetimeSeconds) refuse('lives longer than allowed');

  const { scope, roles = NONE, amr = NONE, auth_time: authTime } = claims;
  if (scope !== undefined && scope !== '' && !(typeof scope === 'string' && SCOPE.test(scope)))
    refuse('scope is malformed');
  if (!isListOfTexts(roles)) return refuse('roles is not a list of texts');
  if (!isListOfTexts(amr)) return refuse('amr is not a list of texts');
  if (authTime !== undefined && !isInstant(authTime)) return refuse('auth_time is not a number');
  for (const name of ['sid', 'client_id', 'org', 'acr'] as const) {
    if (claims[name] !== undefined && !isText(claims[name], MAXIMUM_NAME_LENGTH)) refuse(`${name} is not a text`);
  }
  // RFC 9449 §7.1, RFC 8705 §3: bound to a key whose proof nobody here has checked.
  if (Object.hasOwn(claims, 'cnf')) refuse('bound by cnf to a proof that was not checked');

  return new ProvenPrincipal(rules.issuer, sub, audience, jti, roles, amr, keyId, claims);
}

/**
 * One principal serves many requests: what one handler changes, another must not see. So all of it is frozen; the claims are since
 * they were read.
 */
class ProvenPrincipal implements Principal {
  readonly sessionId?: string;
  readonly clientId?: string;
  readonly organization?: string;
  readonly acr?: string;
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
    readonly claims: Readonly<Record<string, unknown>>,
  ) {
    this.sessionId = claims.sid as string | undefined;
    this.clientId = claims.client_id as string | undefined;
    this.organization = claims.org as string | undefined;
    this.acr = claims.acr as string | undefined;
    this.scopes = claims.scope ? (claims.scope as string).split(' ') : NONE;
    this.issuedAt = claims.iat as number;
    this.expiresAt = claims.exp as number;
    Object.freeze(this.audience);
    Object.freeze(this.scopes);
    Object.freeze(this);
  }

  /** Made anew at each reading: a Date can be changed even where what holds it is frozen. */
  get authenticatedAt(): Date | undefined {
    const { auth_time: seconds } = this.claims;
    return seconds === undefined ? undefined : new Date((seconds as number) * 1000);
  }
}

function isText(value: unknown, maximumLength: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maximumLength && !CONTROL_CHARACTER.test(value);
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
