import { isMediaType, parseJws, readEncodedJsonObject, verifyJws } from 'postern/jws';
import { quoted, reject } from '../auth.errors.js';
import { isInstant, isRevocationTarget } from './revocation.js';
import type { Revocation, RevocationKind } from './revocation.js';
import type { ParsedJws } from 'postern/jws';
import type { TokenRules } from '../tokens/access-token-rules.js';
import type { VerificationKeys } from '../keys/verification-keys.js';

const MAX_LENGTH = 1_000_000;
const MAX_DEPTH = 8;
const KINDS: readonly unknown[] = [
  'session',
  'subject',
  'client',
  'token',
  'key',
  'role',
  'role-permissions',
] satisfies RevocationKind[];

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type';
const OURS = 'urn:postern:secevent:event-type';

/**
 * The event types of the revocation feed.
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
  /** A role was taken from a user. */
  roleRevoked: `${OURS}:role-revoked`,
  /** A role has other permissions, or was deleted. */
  rolePermissionsChanged: `${OURS}:role-permissions-changed`,
  /** A page of a snapshot: the revocations of one range of sequence numbers. */
  snapshot: `${OURS}:snapshot`,
} as const;

const KNOWN_TYPES: ReadonlySet<string> = new Set(Object.values(SECURITY_EVENT_TYPES));

/** A verified event. */
export interface SecurityEvent {
  /** The sequence number of a single revocation; `undefined` for a page of a snapshot. */
  readonly sequence: number | undefined;
  /** The range of sequence numbers of a snapshot page; `undefined` for a single event. */
  readonly page: SequenceRange | undefined;
  /** When it happened, in epoch seconds, if the event contains it. */
  readonly happenedAt: number | undefined;
  /** Empty for an event of a type that this version does not know. */
  readonly revocations: readonly Revocation[];
}

/** The sequence numbers after `after`, up to and including `upTo`. */
export interface SequenceRange {
  readonly after: number;
  readonly upTo: number;
}

/** The issuer and the audience that events must have. */
export interface SecurityEventRules {
  readonly rules: TokenRules;
  readonly audience: readonly string[];
}

/**
 * Verifies a Security Event Token as strictly as an access token. An access token is never accepted as an event, or an
 * event as an access token, because their types differ.
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
  if (!isMediaType(typ, 'secevent+jwt')) reject('typ is not secevent+jwt');
  if (!rules.algorithms.includes(alg)) reject('algorithm is not on the list of the issuer');
  const claims = readEncodedJsonObject(payload, MAX_DEPTH);
  if (claims === undefined) return reject('payload is not one strict JSON object');
  if (claims.iss !== rules.issuer) reject('iss is not the issuer of the feed');
  const names = [claims.aud].flat();
  if (!names.some((name) => typeof name === 'string' && audience.includes(name))) {
    reject(`the audience is ${quoted(claims.aud)}, expected ${audience.map((name) => quoted(name)).join(' or ')}`);
  }
  if (typeof claims.jti !== 'string' || claims.jti === '') reject('jti is not a string');
  if (!isInstant(claims.iat)) reject('iat is not a number');

  const key = await keyOf(keys, rules.issuer, jws);
  if (key === undefined) return reject('no such key');
  if (key.alg !== alg || (kid !== undefined && kid !== key.kid)) reject('alg or kid is not that of the key');
  if (!verifyJws(jws, key)) return reject('signature does not match the key');
  return readEvent(claims, rules.issuer);
}

/** A token with an unknown key means that the issuer has a new key, so the keys are fetched again. */
async function keyOf(keys: VerificationKeys, issuer: string, { kid, alg }: ParsedJws) {
  const key = await keys.find(issuer, kid, alg);
  if (key !== undefined) return key;
  await keys.renew(issuer);
  return keys.find(issuer, kid, alg);
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
  if (sequence === undefined) return reject('sequence is not a sequence number');
  const revocation = revocationOf(claims.revocation, issuer);
  return { sequence, page: undefined, happenedAt, revocations: revocation === undefined ? [] : [revocation] };
}

function readPage(event: Record<string, unknown>, issuer: string): SecurityEvent {
  const { after, up_to: upTo, revocations: groups } = event;
  if (after !== 0 && !isSequence(after)) return reject('after is not a sequence number');
  if (!isSequence(upTo) || upTo < after) return reject('up_to is not a sequence number after "after"');
  if (!Array.isArray(groups)) return reject('the page has no list of revocations');
  const revocations = (groups as unknown[]).flatMap((group) => revocationsOf(group, issuer));
  return { sequence: undefined, page: { after, upTo }, happenedAt: undefined, revocations };
}

/** Reads a group of a page: columns for revocations of one kind and reason. */
function revocationsOf(group: unknown, issuer: string): Revocation[] {
  if (!isObject(group)) return reject('a group of a page is not an object');
  const { kind, reason, targets, expires_at: expiries } = group;
  if (!Array.isArray(targets) || !Array.isArray(expiries) || targets.length !== expiries.length) {
    return reject('the columns of a page differ in length');
  }
  const optional = ['before', 'permissions', 'version'].map((name): [string, unknown[]] => {
    const column = group[name] ?? [];
    if (!Array.isArray(column) || (name in group && column.length !== targets.length)) {
      return reject('the columns of a page differ in length');
    }
    return [name, column];
  });
  return targets.flatMap((target: unknown, at) => {
    const cells = optional.map(([name, column]) => [name, column[at] ?? undefined]);
    const row = { kind, reason, target, expires_at: expiries[at] as unknown, ...Object.fromEntries(cells) };
    return revocationOf(row, issuer) ?? [];
  });
}

/** Returns `undefined` for a kind that this version does not know. */
function revocationOf(value: unknown, issuer: string): Revocation | undefined {
  if (!isObject(value)) return reject('revocation is not an object');
  const { kind, target, before, reason, permissions, version, expires_at: expiresAt } = value;
  if (!KINDS.includes(kind)) return undefined;
  if (!isRevocationTarget(target)) return reject('target is not a string of 1 to 255 characters');
  if (before !== undefined && !isInstant(before)) return reject('before is not an instant');
  if (!isInstant(expiresAt)) return reject('expires_at is not an instant');
  if (permissions !== undefined && !isTextList(permissions)) return reject('permissions is not a list of strings');
  if (version !== undefined && !isSequence(version)) return reject('version is not a whole number, 1 or more');
  const why = typeof reason === 'string' ? reason : 'unknown';
  return {
    kind: kind as RevocationKind,
    target,
    issuer,
    reason: why,
    expiresAt,
    ...(before !== undefined && { before }),
    ...(permissions !== undefined && { permissions }),
    ...(version !== undefined && { version }),
  };
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
