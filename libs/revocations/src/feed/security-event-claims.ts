import { randomUUID } from 'node:crypto';
import { SECURITY_EVENT_TYPES } from 'postern/auth';
import type { Revocation } from 'postern/auth';
import type { SequencedRevocation } from '../storage/revocation-table.js';

/** The common claims of all events of the feed. */
export interface FeedEventTerms {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  /** Epoch seconds. */
  readonly now: number;
}

/** The event types of the standards for reasons that revoke all tokens of a subject. Other reasons end sessions. */
const SUBJECT_EVENTS: Readonly<Record<string, { type: string; members?: object }>> = {
  'password-changed': {
    type: SECURITY_EVENT_TYPES.credentialChange,
    members: { credential_type: 'password', change_type: 'update' },
  },
  'account-disabled': { type: SECURITY_EVENT_TYPES.accountDisabled },
  'account-deleted': { type: SECURITY_EVENT_TYPES.accountPurged },
};

/**
 * The claims of the Security Event Token for one revocation: in `events` for receivers that know only the standards,
 * and in `revocation` for services that use Postern.
 *
 * @see RFC 8417 §2.2, RFC 9493 §3, OpenID CAEP 1.0 §3, OpenID RISC 1.0 §2
 */
export function securityEventOf(entry: SequencedRevocation, { issuer, audience, now }: FeedEventTerms): object {
  const { type, members } = typeOf(entry);
  return {
    iss: issuer,
    aud: audience,
    iat: Math.floor(now),
    jti: entry.id,
    sub_id: subjectOf(entry, issuer),
    events: {
      [type]: {
        event_timestamp: Math.round(entry.createdAt * 1000) / 1000,
        reason_admin: { en: entry.reason },
        ...members,
      },
    },
    sequence: entry.sequence,
    revocation: revocationClaimOf(entry),
  };
}

/** The revocations of a range of sequence numbers that can concern a valid token. */
export interface SnapshotRange {
  /** The sequence number before the range; 0 for the first range. */
  readonly after: number;
  /** The last sequence number of the range. */
  readonly upTo: number;
  readonly revocations: readonly Revocation[];
}

/**
 * The claims of a page of a snapshot: one token for many revocations, in columns. The signature also covers the range,
 * so that a follower notices a missing page.
 */
export function snapshotPageOf(range: SnapshotRange, { issuer, audience, now }: FeedEventTerms): object {
  const { after, upTo, revocations } = range;
  const page = { after, up_to: upTo, revocations: columnsOf(revocations) };
  return {
    iss: issuer,
    aud: audience,
    iat: Math.floor(now),
    jti: randomUUID(),
    events: { [SECURITY_EVENT_TYPES.snapshot]: page },
  };
}

/** Revocations of one kind and reason. Entry `n` of each column belongs to the same revocation. */
interface RevocationColumns {
  readonly kind: string;
  readonly reason: string;
  readonly targets: string[];
  readonly expires_at: number[];
  /** Only for subjects, clients, and roles; `null` revokes all tokens. */
  readonly before?: (number | null)[];
  /** Only for the permissions of roles; `null` for a role that has ended. */
  readonly permissions?: (readonly string[] | null)[];
  readonly version?: (number | null)[];
}

function columnsOf(revocations: readonly Revocation[]): RevocationColumns[] {
  const groups = new Map<string, RevocationColumns>();
  for (const { kind, reason, target, before, permissions, version, expiresAt } of revocations) {
    const name = `${kind} ${reason}`;
    let group = groups.get(name);
    if (group === undefined) {
      group = { kind, reason, targets: [], expires_at: [], ...optionalColumnsOf(kind) };
      groups.set(name, group);
    }
    group.targets.push(target);
    group.expires_at.push(expiresAt);
    group.before?.push(before ?? null);
    group.permissions?.push(permissions ?? null);
    group.version?.push(version ?? null);
  }
  return [...groups.values()];
}

function optionalColumnsOf(kind: Revocation['kind']): Pick<RevocationColumns, 'before' | 'permissions' | 'version'> {
  if (kind === 'role-permissions') return { permissions: [], version: [] };
  return kind === 'subject' || kind === 'client' || kind === 'role' ? { before: [] } : {};
}

function typeOf({ kind, reason }: Revocation): { type: string; members?: object } {
  switch (kind) {
    case 'session':
      return { type: SECURITY_EVENT_TYPES.sessionRevoked };
    case 'subject':
      return SUBJECT_EVENTS[reason] ?? { type: SECURITY_EVENT_TYPES.sessionsRevoked };
    case 'client':
      return { type: SECURITY_EVENT_TYPES.clientRevoked };
    case 'token':
      return { type: SECURITY_EVENT_TYPES.tokenRevoked };
    case 'key':
      return { type: SECURITY_EVENT_TYPES.keyRevoked };
    case 'role':
      return { type: SECURITY_EVENT_TYPES.roleRevoked };
    case 'role-permissions':
      return { type: SECURITY_EVENT_TYPES.rolePermissionsChanged };
  }
}

function subjectOf({ kind, target }: Revocation, issuer: string): object {
  switch (kind) {
    case 'session':
      return { format: 'complex', session: { format: 'opaque', id: target } };
    case 'subject':
      return { format: 'iss_sub', iss: issuer, sub: target };
    case 'token':
      return { format: 'jwt_id', iss: issuer, jti: target };
    case 'role':
      return { format: 'iss_sub', iss: issuer, sub: target.slice(0, target.lastIndexOf(' ')) };
    case 'client':
    case 'key':
    case 'role-permissions':
      return { format: 'opaque', id: target };
  }
}

function revocationClaimOf({ kind, target, before, permissions, version, reason, expiresAt }: Revocation): object {
  return {
    kind,
    target,
    ...(before !== undefined && { before }),
    ...(permissions !== undefined && { permissions }),
    ...(version !== undefined && { version }),
    reason,
    expires_at: expiresAt,
  };
}
