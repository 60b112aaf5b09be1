import { MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS } from 'postern/auth';
import type { JwtAlgorithm } from 'postern/auth';
import { keyStateOf } from './key-state.js';
import type { KeyInstants } from './key-state.js';
import { interimSigningKey } from './interim-key.js';

/** The part of a key that the plan needs. */
export interface PlannedKey extends KeyInstants {
  readonly kid: string;
  readonly alg: JwtAlgorithm;
  readonly announcedAt: Date;
  readonly activeAt: Date;
  /** Whether the private key was erased. */
  readonly isErased: boolean;
}

/** The durations of the rotation, in seconds. */
export interface KeyPolicy {
  /** The algorithms that have a key; the algorithm of access tokens first. */
  readonly algorithms: readonly JwtAlgorithm[];
  readonly rotationSeconds: number;
  /** The minimum time from the announcement of a key to its first signature. */
  readonly leadSeconds: number;
  /** The time from a key's last signature until it is gone. */
  readonly aftermathSeconds: number;
  /**
   * The time from a key's last signature until its private key is erased. Replicas with a late clock sign until then.
   */
  readonly erasureSeconds: number;
}

/** A request that applies in addition to the schedule. */
export interface KeyCommand {
  /** Rotate the keys of these algorithms as soon as the lead time of the standby key allows. */
  readonly rotate?: readonly JwtAlgorithm[];
  /** Retire the keys of algorithms that are no longer configured. */
  readonly retireUnlisted?: boolean;
}

/** A change of the ring. */
export type KeyChange =
  | { readonly act: 'make'; readonly alg: JwtAlgorithm; readonly activeAt: Date }
  | { readonly act: 'activate'; readonly kid: string; readonly activeAt: Date }
  | { readonly act: 'retire'; readonly kid: string; readonly retiredAt: Date; readonly goneAt: Date }
  | { readonly act: 'keep'; readonly kid: string }
  | { readonly act: 'erase'; readonly kid: string };

/**
 * The changes that the ring needs now. Carried out, they may need others: apply the plan until it is empty. An empty
 * plan stays empty, so that only the first of many replicas changes the ring.
 *
 * Each published algorithm has an active key and a standby key, which is announced and becomes active when the active
 * key retires or is killed. Verifiers that read only the JWKS therefore know the next key at any time.
 *
 * @param now epoch milliseconds
 * @param erasedAt the time that decides which private keys are erased, in epoch milliseconds
 */
export function planOf(
  keys: readonly PlannedKey[],
  now: number,
  policy: KeyPolicy,
  command: KeyCommand = {},
  erasedAt = now,
): KeyChange[] {
  return [
    ...policy.algorithms.flatMap((alg) => successionOf(alg, keys, now, policy, command)),
    ...extensionsOf(keys, now, policy),
    ...erasuresOf(keys, erasedAt, policy),
  ];
}

/**
 * The published key that HS256 replaces, although services that use the JWKS cannot verify HS256. `undefined` if an
 * HS256 key is already active, as while replicas change from HS256 to a published algorithm.
 */
export function publishedBefore(keys: readonly PlannedKey[], now: number, policy: KeyPolicy): PlannedKey | undefined {
  if (policy.algorithms[0] !== 'HS256') return undefined;
  const signing = keys.filter((key) => isSigning(key, now));
  if (signing.some(({ alg }) => alg === 'HS256')) return undefined;
  return signing.find(({ alg }) => !policy.algorithms.includes(alg));
}

function successionOf(
  alg: JwtAlgorithm,
  keys: readonly PlannedKey[],
  now: number,
  policy: KeyPolicy,
  command: KeyCommand,
): KeyChange[] {
  const own = keys.filter((key) => key.alg === alg);
  const signing = own.filter((key) => isSigning(key, now));
  const next = own.find((key) => keyStateOf(key, now) === 'announced');
  const forced = command.rotate?.includes(alg) ?? false;
  // HS256 is never published and never cached, so it needs no lead time.
  const lead = alg === 'HS256' ? 0 : policy.leadSeconds * 1000;
  // A new algorithm of access tokens replaces the former one like a new key replaces an old one.
  const isFirst = alg === policy.algorithms[0];
  const former = isFirst ? keys.filter((key) => isSigning(key, now) && !policy.algorithms.includes(key.alg)) : [];
  // A key of an additional algorithm may sign in the interim, but not after a kill: clients that expect the configured
  // algorithm would reject its tokens.
  const hasInterimKey =
    isFirst && !wasKilled(own, now) && interimSigningKey(keys, now, policy.algorithms, next) !== undefined;
  const isAlone = signing.length === 0 && former.length === 0 && !hasInterimKey;

  /** When the schedule replaces the active key; never without an active key. */
  const end = Math.max(...signing.map((key) => key.activeAt.getTime())) + policy.rotationSeconds * 1000;
  const due = forced ? now : signing.length > 0 ? end : Infinity;

  const changes: KeyChange[] = [];
  let handover: number | undefined;
  if (next) {
    const { announcedAt, activeAt } = next;
    const earliest = isAlone ? activeAtOnce(next, now) : Math.max(now, due, announcedAt.getTime() + lead);
    handover = Math.min(activeAt.getTime(), earliest);
    if (handover !== activeAt.getTime()) {
      changes.push({ act: 'activate', kid: next.kid, activeAt: new Date(handover) });
    }
  } else if (signing.length === 0) {
    handover = isAlone ? now : now + lead;
    changes.push({ act: 'make', alg, activeAt: new Date(handover) });
  } else if (alg !== 'HS256' || due <= now) {
    handover = Math.max(due, now + lead);
    changes.push({ act: 'make', alg, activeAt: new Date(handover) });
  }

  for (const key of signing) changes.push(...endOf(key, handover, policy));
  // Only at a start: otherwise replicas with the former settings would undo it repeatedly.
  // HS256 retires no published key: replicas and services that use the JWKS would have no key.
  if (command.retireUnlisted && isFirst && alg !== 'HS256') {
    // A former algorithm signs until the first key of the new one is active.
    const formerEnd = signing.length > 0 ? now : (handover ?? now);
    former.forEach((key) => changes.push(...endOf(key, formerEnd, policy)));
    changes.push(
      ...keys.filter((key) => isUnusedStandby(key, keys, now, policy)).map(({ kid }) => goneAtOnce(kid, now)),
    );
  }
  return changes;
}

/**
 * Whether the key is the standby key of an algorithm that is no longer configured. The first key of an algorithm is
 * not: replicas that already have the next settings announced it.
 */
function isUnusedStandby(
  key: PlannedKey,
  keys: readonly PlannedKey[],
  now: number,
  { algorithms }: KeyPolicy,
): boolean {
  if (algorithms.includes(key.alg) || keyStateOf(key, now) !== 'announced') return false;
  return keys.some(({ alg, activeAt }) => alg === key.alg && activeAt.getTime() <= now);
}

/** No token was signed with the key, so the JWKS does not need it. */
function goneAtOnce(kid: string, now: number): KeyChange {
  return { act: 'retire', kid, retiredAt: new Date(now), goneAt: new Date(now) };
}

/**
 * The instant from which a key signs that has to replace a killed key at once. It is in the past, because a replica
 * with a late clock must use the key at once, too.
 */
function activeAtOnce({ announcedAt }: PlannedKey, now: number): number {
  const past = now - MAX_REPLICA_CLOCK_DIFFERENCE_SECONDS * 1000;
  return Math.min(now, Math.max(announcedAt.getTime(), past));
}

function endOf(key: PlannedKey, handover: number | undefined, policy: KeyPolicy): KeyChange[] {
  if (handover === undefined) return key.retiredAt ? [{ act: 'keep', kid: key.kid }] : [];
  if (key.retiredAt?.getTime() === handover) return extensionOf(key, policy);
  return [{ act: 'retire', kid: key.kid, retiredAt: new Date(handover), goneAt: goneAfter(handover, policy) }];
}

/**
 * Keeps retired keys longer if needed. The process that retired a key may have shorter token lifetimes than this one;
 * the longest lifetime of all processes counts.
 */
function extensionsOf(keys: readonly PlannedKey[], now: number, policy: KeyPolicy): KeyChange[] {
  return keys.filter((key) => keyStateOf(key, now) === 'retired').flatMap((key) => extensionOf(key, policy));
}

function extensionOf({ kid, retiredAt, goneAt }: PlannedKey, policy: KeyPolicy): KeyChange[] {
  if (!retiredAt || !goneAt) return [];
  const needed = goneAfter(retiredAt.getTime(), policy);
  return goneAt < needed ? [{ act: 'retire', kid, retiredAt, goneAt: needed }] : [];
}

function goneAfter(retiredAt: number, { aftermathSeconds }: KeyPolicy): Date {
  return new Date(retiredAt + aftermathSeconds * 1000);
}

function erasuresOf(keys: readonly PlannedKey[], now: number, policy: KeyPolicy): KeyChange[] {
  return keys
    .filter((key) => {
      if (key.isErased) return false;
      if (keyStateOf(key, now) === 'gone' || key.killedAt) return true;
      // An HS256 key verifies with the same secret.
      if (key.alg === 'HS256' || !key.retiredAt) return false;
      return key.retiredAt.getTime() + policy.erasureSeconds * 1000 <= now;
    })
    .map((key) => ({ act: 'erase', kid: key.kid }));
}

/** Whether the last key that signed was killed before it retired. */
function wasKilled(own: readonly PlannedKey[], now: number): boolean {
  const [last] = own
    .filter(({ activeAt, killedAt }) => activeAt.getTime() <= (killedAt?.getTime() ?? now))
    .sort((left, right) => right.activeAt.getTime() - left.activeAt.getTime());
  return Boolean(last?.killedAt && (!last.retiredAt || last.retiredAt >= last.killedAt));
}

function isSigning(key: PlannedKey, now: number): boolean {
  return keyStateOf(key, now) === 'active';
}
