import { flatString } from 'postern/jws';
import type { Clock } from './clock.js';
import type { Actor, Principal } from '../guard/principal.js';
import type { Revocation } from './revocation.js';

/** How many entries each `add` examines, so that the set shrinks while it is filled and no call does much work. */
const EXAMINED_PER_ADD = 4;

/** The permissions of an actor, one of which it needs as long as it acts as another user. */
const IMPERSONATION = ['users:impersonate', '*'];

/** Later than any `iat`. */
const ALL_TIME = Number.POSITIVE_INFINITY;

interface Cutoff {
  before: number;
  expiresAt: number;
}

/** The permissions of a role; `undefined` after its end. */
interface RoleVersion {
  readonly permissions: ReadonlySet<string> | undefined;
  readonly version: number;
  readonly expiresAt: number;
}

interface IssuerRevocations {
  readonly session: Map<string, number>;
  readonly token: Map<string, number>;
  readonly key: Map<string, number>;
  readonly subject: Map<string, Cutoff>;
  readonly client: Map<string, Cutoff>;
  /** Roles that were taken from a user, by `roleTarget`. */
  readonly role: Map<string, Cutoff>;
  readonly roles: Map<string, RoleVersion>;
  /** The roles of the snapshot that is being read. */
  snapshot?: Map<string, RoleVersion> | undefined;
}

/** The target of a revocation of the kind `role`. A name of a role has no space. */
export const roleTarget = (subject: string, role: string): string => `${subject} ${role}`;

/**
 * The revocations that this process knows, in memory. A lookup costs the same with one entry and with a million. An
 * entry is removed when the last affected token has expired.
 *
 * @example
 * ```ts
 * set.add({ kind: 'session', target: sid, reason: 'logout', expiresAt });
 * set.isRevoked(principal);
 * ```
 */
export class RevocationSet {
  private readonly byIssuer = new Map<string, IssuerRevocations>();
  private cursor: Iterator<() => void> = [].values();
  private changes = 0;

  /** @param ownIssuer the issuer of entries without an issuer */
  constructor(
    private readonly clock: Clock,
    private readonly ownIssuer: string,
  ) {}

  /**
   * Changes with each revocation. A token that was not revoked at this version is still not revoked at this version.
   */
  get version(): number {
    return this.changes;
  }

  /** The number of entries. */
  get size(): number {
    let size = 0;
    for (const issuer of this.byIssuer.keys()) size += this.sizeOf(issuer);
    return size;
  }

  /** The number of entries for tokens of this issuer. */
  sizeOf(issuer: string): number {
    const entries = this.byIssuer.get(issuer);
    if (entries === undefined) return 0;
    const { session, token, key, subject, client, role } = entries;
    return session.size + token.size + key.size + subject.size + client.size + role.size;
  }

  /** Adds a revocation. If the target is revoked already, the stricter of both values counts, whatever their order. */
  add(revocation: Revocation): void {
    this.sweep(EXAMINED_PER_ADD);
    const { kind } = revocation;
    // V8 stores whole seconds in the map itself, and allocates an object for a fraction.
    const expiresAt = Math.ceil(revocation.expiresAt);
    if (expiresAt <= this.clock.now() / 1000) return;
    this.changes += 1;
    const target = flatString(revocation.target);
    const entries = this.entriesOf(revocation.issuer ?? this.ownIssuer);
    if (kind === 'role-permissions') {
      const { permissions, version = 0 } = revocation;
      const role = { permissions: permissions && new Set(permissions), version, expiresAt };
      for (const roles of [entries.roles, entries.snapshot]) {
        if (roles && version >= (roles.get(target)?.version ?? 0)) roles.set(target, role);
      }
    } else if (kind === 'subject' || kind === 'client' || kind === 'role') {
      const existing = entries[kind].get(target);
      const before = Math.max(revocation.before ?? ALL_TIME, existing?.before ?? 0);
      entries[kind].set(target, { before, expiresAt: Math.max(expiresAt, existing?.expiresAt ?? 0) });
    } else {
      entries[kind].set(target, Math.max(expiresAt, entries[kind].get(target) ?? 0));
    }
  }

  /** Whether the token's session, subject, client, id, or key is revoked, or its actor may no longer act as others. */
  isRevoked(principal: Principal): boolean {
    const entries = this.byIssuer.get(principal.issuer);
    if (entries === undefined) return false;
    return (
      (principal.sessionId !== undefined && entries.session.has(principal.sessionId)) ||
      entries.token.has(principal.tokenId) ||
      entries.key.has(principal.keyId) ||
      isCutOff(entries.subject.get(principal.subject), principal) ||
      (principal.clientId !== undefined && isCutOff(entries.client.get(principal.clientId), principal)) ||
      (principal.actor?.roles !== undefined && hasLostImpersonation(entries, principal.actor, principal))
    );
  }

  /**
   * Whether a role of the token is still in force: it was neither deleted, nor taken from the user after the token was
   * issued. A role that the own issuer does not publish is in force. An additional issuer must publish its roles: it
   * can write any name into its tokens.
   */
  hasRole(principal: Principal, role: string): boolean {
    const isTrusted = principal.issuer === this.ownIssuer;
    const entries = this.byIssuer.get(principal.issuer);
    if (entries === undefined) return isTrusted;
    const definition = entries.roles.get(role);
    if (definition === undefined ? !isTrusted : definition.permissions === undefined) return false;
    return entries.role.size === 0 || !isCutOff(entries.role.get(roleTarget(principal.subject, role)), principal);
  }

  /** The permissions of the role at this issuer; `undefined` if the issuer has no such role, or does not publish it. */
  permissionsOf(issuer: string, role: string): ReadonlySet<string> | undefined {
    return this.byIssuer.get(issuer)?.roles.get(role)?.permissions;
  }

  /**
   * Begins to read all roles of an issuer again, such as after a failover that lost commits: versions may then be lower
   * than known ones. Until `endSnapshot`, the known roles stay in force.
   */
  beginSnapshot(issuer = this.ownIssuer): void {
    this.entriesOf(issuer).snapshot = new Map();
  }

  /** The roles added since `beginSnapshot` replace all others: a known role that is not among them has ended. */
  endSnapshot(issuer = this.ownIssuer): void {
    const { roles, snapshot } = this.entriesOf(issuer);
    if (snapshot === undefined) return;
    this.changes += 1;
    for (const [name, role] of roles) {
      // Any later version replaces it.
      if (!snapshot.has(name)) roles.set(name, { ...role, permissions: undefined, version: 0 });
    }
    for (const [name, role] of snapshot) roles.set(name, role);
    this.entriesOf(issuer).snapshot = undefined;
  }

  /**
   * Examines this many entries, starting where the last call stopped, and removes the expired ones.
   *
   * @returns the number of examined entries, which is lower at the end of a round
   */
  sweep(entries: number): number {
    for (let examined = 0; examined < entries; examined += 1) {
      const next = this.cursor.next();
      if (next.done === true) {
        this.cursor = this.round();
        return examined;
      }
      next.value();
    }
    return entries;
  }

  /** Removes all entries. Call it only to add a new snapshot in the same turn of the event loop. */
  clear(): void {
    this.changes += 1;
    this.byIssuer.clear();
    this.cursor = [].values();
  }

  /** Iterates over all entries. Each step is a function that removes the entry if it has expired. */
  private *round(): Generator<() => void> {
    const now = this.clock.now() / 1000;
    for (const entries of this.byIssuer.values()) {
      for (const ends of [entries.session, entries.token, entries.key]) {
        for (const [target, expiresAt] of ends) yield () => void (expiresAt <= now && ends.delete(target));
      }
      for (const cutoffs of [entries.subject, entries.client, entries.role]) {
        for (const [target, cutoff] of cutoffs) yield () => void (cutoff.expiresAt <= now && cutoffs.delete(target));
      }
      for (const [name, role] of entries.roles) yield () => void (role.expiresAt <= now && entries.roles.delete(name));
    }
  }

  private entriesOf(issuer: string): IssuerRevocations {
    let entries = this.byIssuer.get(issuer);
    if (entries === undefined) {
      entries = {
        session: new Map(),
        token: new Map(),
        key: new Map(),
        subject: new Map(),
        client: new Map(),
        role: new Map(),
        roles: new Map(),
      };
      this.byIssuer.set(issuer, entries);
    }
    return entries;
  }
}

function isCutOff(cutoff: Cutoff | undefined, principal: Principal): boolean {
  return cutoff !== undefined && principal.issuedAt <= cutoff.before;
}

/** Whether each role that allows the actor to act as others was taken from it, deleted, or has lost the permission. */
function hasLostImpersonation(entries: IssuerRevocations, { subject, roles = [] }: Actor, token: Principal): boolean {
  return roles.every((role) => {
    const definition = entries.roles.get(role);
    return (
      isCutOff(entries.role.get(roleTarget(subject, role)), token) ||
      (definition !== undefined && !IMPERSONATION.some((permission) => definition.permissions?.has(permission)))
    );
  });
}
