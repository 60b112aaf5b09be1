import { flatString } from 'postern/jws';
import type { Clock } from './clock.js';
import type { Principal } from '../guard/principal.js';
import type { Revocation } from './revocation.js';

/** How many old entries each `add` looks at: the set shrinks as it is filled, and no call does more work than this. */
const EXAMINED_PER_ADD = 4;

/** Everything was issued before this. */
const ALL_TIME = Number.POSITIVE_INFINITY;

interface Cutoff {
  before: number;
  expiresAt: number;
}

interface IssuerRevocations {
  readonly session: Map<string, number>;
  readonly token: Map<string, number>;
  readonly key: Map<string, number>;
  readonly subject: Map<string, Cutoff>;
  readonly client: Map<string, Cutoff>;
}

/**
 * All that has died before its time, in memory: a look-up costs the same with one entry and with a million, and an entry goes
 * when the last token that it could concern has expired.
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

  /** @param ownIssuer whose tokens an entry without an issuer concerns */
  constructor(
    private readonly clock: Clock,
    private readonly ownIssuer: string,
  ) {}

  /** Another number after each change that could revoke something: what was not revoked at this version still is not. */
  get version(): number {
    return this.changes;
  }

  /** How many entries are held. */
  get size(): number {
    let size = 0;
    for (const issuer of this.byIssuer.keys()) size += this.sizeOf(issuer);
    return size;
  }

  /** How many entries are held that concern tokens of this issuer. */
  sizeOf(issuer: string): number {
    const held = this.byIssuer.get(issuer);
    if (held === undefined) return 0;
    return held.session.size + held.token.size + held.key.size + held.subject.size + held.client.size;
  }

  /** Refuses, from now on, all that the revocation concerns. Adding twice, in whatever order, keeps the stricter of both. */
  add(revocation: Revocation): void {
    this.sweep(EXAMINED_PER_ADD);
    const { kind } = revocation;
    // Whole seconds are kept in the map itself, fractions each in an object of its own.
    const expiresAt = Math.ceil(revocation.expiresAt);
    if (expiresAt <= this.clock.now() / 1000) return;
    this.changes += 1;
    const target = flatString(revocation.target);
    const held = this.heldFor(revocation.issuer ?? this.ownIssuer);
    if (kind === 'subject' || kind === 'client') {
      const known = held[kind].get(target);
      const before = Math.max(revocation.before ?? ALL_TIME, known?.before ?? 0);
      held[kind].set(target, { before, expiresAt: Math.max(expiresAt, known?.expiresAt ?? 0) });
    } else {
      held[kind].set(target, Math.max(expiresAt, held[kind].get(target) ?? 0));
    }
  }

  /** Whether the token's session, subject, client, id or key has been revoked. */
  isRevoked(principal: Principal): boolean {
    const held = this.byIssuer.get(principal.issuer);
    if (held === undefined) return false;
    return (
      (principal.sessionId !== undefined && held.session.has(principal.sessionId)) ||
      held.token.has(principal.tokenId) ||
      held.key.has(principal.keyId) ||
      isCutOff(held.subject.get(principal.subject), principal) ||
      (principal.clientId !== undefined && isCutOff(held.client.get(principal.clientId), principal))
    );
  }

  /**
   * Looks at so many entries, goes on where the last call stopped, and drops the expired among them.
   *
   * @returns how many were looked at; fewer than asked for when the round is complete
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

  /** Forgets everything: for whoever is about to add a fresh snapshot in the same turn of the event loop. */
  clear(): void {
    this.changes += 1;
    this.byIssuer.clear();
    this.cursor = [].values();
  }

  /** One round over all entries; each step is the act that drops the entry if its time has come. */
  private *round(): Generator<() => void> {
    const now = this.clock.now() / 1000;
    for (const held of this.byIssuer.values()) {
      for (const ends of [held.session, held.token, held.key]) {
        for (const [target, expiresAt] of ends) yield () => void (expiresAt <= now && ends.delete(target));
      }
      for (const cutoffs of [held.subject, held.client]) {
        for (const [target, cutoff] of cutoffs) yield () => void (cutoff.expiresAt <= now && cutoffs.delete(target));
      }
    }
  }

  private heldFor(issuer: string): IssuerRevocations {
    let held = this.byIssuer.get(issuer);
    if (held === undefined) {
      held = { session: new Map(), token: new Map(), key: new Map(), subject: new Map(), client: new Map() };
      this.byIssuer.set(issuer, held);
    }
    return held;
  }
}

function isCutOff(cutoff: Cutoff | undefined, principal: Principal): boolean {
  return cutoff !== undefined && principal.issuedAt <= cutoff.before;
}
