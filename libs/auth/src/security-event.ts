import { JwtService } from '@nestjs/jwt';
import { readJws, refuse } from './read-access-token.js';
import { isInstant, isRevocationTarget } from './revocation.js';
import { readEncodedJsonObject } from './strict-json.js';
import type { Revocation, RevocationKind } from './revocation.js';
import type { TokenRules } from './token-rules.js';
import type { VerificationKeys } from './verification-keys.js';

const MAXIMUM_LENGTH = 1_000_000;
const MAXIMUM_DEPTH = 8;
const KINDS: readonly unknown[] = ['session', 'subject', 'client', 'token', 'key'] satisfies RevocationKind[];

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type';
const OURS = 'urn:postern:secevent:event-type';

/**
 * The types of events of the feed of revocations.
 *
 * @see OpenID CAEP 1.0 §3, OpenID RISC 1.0 §2
 */
export const SECURITY_EVENT_TYPES = {
  sessionRevoked: `${CAEP}/session-revoked`,
  credentialChange: `${CAEP}/credential-change`,
  accountDisabled: `${RISC}/account-disabled`,
  accountPurged: `${RISC}/account-purged`,
  sessionsRevoked: `${RISC}/sessions-revoked`,
  clientRevoked: `${OURS}:client-revoked`,
  tokenRevoked: `${OURS}:token-revoked`,
  keyRevoked: `${OURS}:key-revoked`,
  /** Many revocations at once, each of which was told by an event of its own before: a page of a snapshot. */
  held: `${OURS}:held`,
} as const;

const KNOWN_TYPES: ReadonlySet<string> = new Set(Object.values(SECURITY_EVENT_TYPES));

/** What a proven event says. */
export interface SecurityEvent {
  /** The place of a single revocation in the order; `undefined` for a page of a snapshot. */
  readonly sequence: number | undefined;
  /** When it happened, in epoch seconds, where it says so. */
  readonly happenedAt: number | undefined;
  /** Empty for an event of a type that this version does not know. */
  readonly revocations: readonly Revocation[];
}

/** Whom events have to be of and for. */
export interface SecurityEventRules {
  readonly rules: TokenRules;
  readonly audience: readonly string[];
}

/**
 * Reads a Security Event Token as strictly as an access token is read, and takes none of the two for the other: `typ` is
 * compared exactly.
 *
 * @throws InvalidTokenError
 * @see RFC 8417 §2, RFC 8725 §3.11
 */
export async function readSecurityEvent(
  text: string,
  keys: VerificationKeys,
  { rules, audience }: SecurityEventRules,
): Promise<SecurityEvent> {
  const { alg, kid, typ, payload } = readJws(text, MAXIMUM_LENGTH);
  // RFC 8417 §2.3
  if (typ !== 'secevent+jwt') refuse('typ is not secevent+jwt');
  if (!rules.algorithms.includes(alg)) refuse('algorithm is not on the list of the issuer');
  const claims = readEncodedJsonObject(payload, MAXIMUM_DEPTH);
  if (claims === undefined) return refuse('payload is not one strict JSON object');
  if (claims.iss !== rules.issuer) refuse('iss is not the issuer of the feed');
  const named = [claims.aud].flat();
  if (!named.some((one) => typeof one === 'string' && audience.includes(one))) refuse('aud does not name us');
  if (typeof claims.jti !== 'string' || claims.jti === '') refuse('jti is not a text');
  if (!isInstant(claims.iat)) refuse('iat is not a number');

  const key = await keyOf(keys, rules.issuer, kid);
  if (key === undefined) return refuse('no such key');
  if (key.alg !== alg || (kid !== undefined && kid !== key.kid)) refuse('the key is another one');
  try {
    new JwtService({ publicKey: key.key }).verify(text, { algorithms: [key.alg], ignoreExpiration: true });
  } catch (cause) {
    return refuse(`signature: ${String(cause)}`);
  }
  return readEvent(claims, rules.issuer);
}

/** The issuer itself tells of a new key by signing with it: then its keys are fetched before their time. */
async function keyOf(keys: VerificationKeys, issuer: string, kid: string | undefined) {
  const key = await keys.find(issuer, kid);
  if (key !== undefined) return key;
  await keys.renew(issuer);
  return keys.find(issuer, kid);
}

function readEvent(claims: Record<string, unknown>, issuer: string): SecurityEvent {
  if (!isObject(claims.events)) return refuse('events is not an object');
  const events = Object.entries(claims.events);
  if (events.length !== 1) return refuse('not exactly one event');
  const [type, event] = events[0]!;
  if (!isObject(event)) return refuse('the event is not an object');
  const sequence = isPlace(claims.sequence) ? claims.sequence : undefined;
  const happenedAt = isInstant(event.event_timestamp) ? event.event_timestamp : undefined;
  if (!KNOWN_TYPES.has(type)) return { sequence, happenedAt, revocations: [] };
  if (type === SECURITY_EVENT_TYPES.held) {
    if (!Array.isArray(event.revocations)) return refuse('a page without revocations');
    const held = (event.revocations as unknown[]).flatMap((one) => revocationOf(one, issuer) ?? []);
    return { sequence: undefined, happenedAt: undefined, revocations: held };
  }
  if (sequence === undefined) return refuse('sequence is not a place in the order');
  const revocation = revocationOf(claims.revocation, issuer);
  return { sequence, happenedAt, revocations: revocation === undefined ? [] : [revocation] };
}

/** `undefined` for a kind that this version does not know. */
function revocationOf(told: unknown, issuer: string): Revocation | undefined {
  if (!isObject(told)) return refuse('revocation is not an object');
  const { kind, target, before, reason, expires_at: expiresAt } = told;
  if (!KINDS.includes(kind)) return undefined;
  if (!isRevocationTarget(target)) return refuse('target is not a text');
  if (before !== undefined && !isInstant(before)) return refuse('before is not an instant');
  if (!isInstant(expiresAt)) return refuse('expires_at is not an instant');
  const why = typeof reason === 'string' ? reason : 'unknown';
  return {
    kind: kind as RevocationKind,
    target,
    issuer,
    reason: why,
    expiresAt,
    ...(before !== undefined && { before }),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPlace(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
