import { parseJws, readEncodedJsonObject, verifyJws } from 'postern/jws';
import { reject } from '../auth.errors.js';
import { isInstant, isRevocationTarget } from './revocation.js';
import type { Revocation, RevocationKind } from './revocation.js';
import type { TokenRules } from '../tokens/access-token-rules.js';
import type { VerificationKeys } from '../keys/verification-keys.js';

const MAX_LENGTH = 1_000_000;
const MAX_DEPTH = 8;
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
  /** A page of a snapshot: the revocations of one stretch of the order, each of which had an event of its own before. */
  snapshot: `${OURS}:snapshot`,
} as const;

const KNOWN_TYPES: ReadonlySet<string> = new Set(Object.values(SECURITY_EVENT_TYPES));

/** What a proven event says. */
export interface SecurityEvent {
  /** The place of a single revocation in the order; `undefined` for a page of a snapshot. */
  readonly sequence: number | undefined;
  /** The stretch of the order that a page of a snapshot is about; `undefined` for a single event. */
  readonly page: SnapshotStretch | undefined;
  /** When it happened, in epoch seconds, where it says so. */
  readonly happenedAt: number | undefined;
  /** Empty for an event of a type that this version does not know. */
  readonly revocations: readonly Revocation[];
}

/** All places behind `after`, up to and with `upTo`. */
export interface SnapshotStretch {
  readonly after: number;
  readonly upTo: number;
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
 * @throws InvalidTokenError, MalformedJwsError
 * @see RFC 8417 §2, RFC 8725 §3.11
 */
export async function readSecurityEvent(
  text: string,
  keys: VerificationKeys,
  { rules, audience }: SecurityEventRules,
): Promise<SecurityEvent> {
  const jws = parseJws(text, MAX_LENGTH);
  const { alg, kid, typ, payload } = jws;
  // RFC 8417 §2.3
  if (typ !== 'secevent+jwt') reject('typ is not secevent+jwt');
  if (!rules.algorithms.includes(alg)) reject('algorithm is not on the list of the issuer');
  const claims = readEncodedJsonObject(payload, MAX_DEPTH);
  if (claims === undefined) return reject('payload is not one strict JSON object');
  if (claims.iss !== rules.issuer) reject('iss is not the issuer of the feed');
  const named = [claims.aud].flat();
  if (!named.some((one) => typeof one === 'string' && audience.includes(one))) reject('aud does not name us');
  if (typeof claims.jti !== 'string' || claims.jti === '') reject('jti is not a text');
  if (!isInstant(claims.iat)) reject('iat is not a number');

  const key = await keyOf(keys, rules.issuer, kid);
  if (key === undefined) return reject('no such key');
  if (key.alg !== alg || (kid !== undefined && kid !== key.kid)) reject('the key is another one');
  if (!verifyJws(jws, key)) return reject('signature does not match the key');
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
  if (!isObject(claims.events)) return reject('events is not an object');
  const events = Object.entries(claims.events);
  if (events.length !== 1) return reject('not exactly one event');
  const [type, event] = events[0]!;
  if (!isObject(event)) return reject('the event is not an object');
  const sequence = isSequence(claims.sequence) ? claims.sequence : undefined;
  const happenedAt = isInstant(event.event_timestamp) ? event.event_timestamp : undefined;
  if (!KNOWN_TYPES.has(type)) return { sequence, page: undefined, happenedAt, revocations: [] };
  if (type === SECURITY_EVENT_TYPES.snapshot) return readPage(event, issuer);
  if (sequence === undefined) return reject('sequence is not a place in the order');
  const revocation = revocationOf(claims.revocation, issuer);
  return { sequence, page: undefined, happenedAt, revocations: revocation === undefined ? [] : [revocation] };
}

function readPage(event: Record<string, unknown>, issuer: string): SecurityEvent {
  const { after, up_to: upTo, revocations: groups } = event;
  if (after !== 0 && !isSequence(after)) return reject('after is not a place in the order');
  if (!isSequence(upTo) || upTo < after) return reject('up_to is not a place behind after');
  if (!Array.isArray(groups)) return reject('a page without revocations');
  const revocations = (groups as unknown[]).flatMap((group) => revocationsOf(group, issuer));
  return { sequence: undefined, page: { after, upTo }, happenedAt: undefined, revocations };
}

/** A group of a page: columns for revocations of one kind and reason. */
function revocationsOf(group: unknown, issuer: string): Revocation[] {
  if (!isObject(group)) return reject('a group of a page is not an object');
  const { kind, reason, targets, expires_at: expiries, before: cutoffs } = group;
  if (!Array.isArray(targets) || !Array.isArray(expiries) || targets.length !== expiries.length) {
    return reject('the columns of a page differ in length');
  }
  if (cutoffs !== undefined && !(Array.isArray(cutoffs) && cutoffs.length === targets.length)) {
    return reject('the columns of a page differ in length');
  }
  return targets.flatMap((target: unknown, at) => {
    const before: unknown = (cutoffs as unknown[] | undefined)?.[at] ?? undefined;
    return revocationOf({ kind, reason, target, expires_at: expiries[at] as unknown, before }, issuer) ?? [];
  });
}

/** `undefined` for a kind that this version does not know. */
function revocationOf(told: unknown, issuer: string): Revocation | undefined {
  if (!isObject(told)) return reject('revocation is not an object');
  const { kind, target, before, reason, expires_at: expiresAt } = told;
  if (!KINDS.includes(kind)) return undefined;
  if (!isRevocationTarget(target)) return reject('target is not a text');
  if (before !== undefined && !isInstant(before)) return reject('before is not an instant');
  if (!isInstant(expiresAt)) return reject('expires_at is not an instant');
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

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
