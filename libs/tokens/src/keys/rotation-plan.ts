import type { JwtAlgorithm } from 'postern/auth';
import { keyStateOf } from './key-state.js';
import type { KeyInstants } from './key-state.js';
import { interimSigningKey } from './interim-key.js';

/** A key of the ring, as far as its life goes. */
export interface PlannedKey extends KeyInstants {
  readonly kid: string;
  readonly alg: JwtAlgorithm;
  readonly announcedAt: Date;
  readonly activeAt: Date;
  /** Whether its private half has been destroyed. */
  readonly isErased: boolean;
}

/** How keys follow one another; all in seconds. */
export interface KeyPolicy {
  /** The algorithms that have a key; the one of access tokens first. */
  readonly algorithms: readonly JwtAlgorithm[];
  readonly rotationSeconds: number;
  /** From the announcement of a key to its first signature, at least. */
  readonly leadSeconds: number;
  /** From a key's last signature to its end. */
  readonly aftermathSeconds: number;
  /** From a key's last signature to the destruction of its private half, which a replica with a late clock signs with meanwhile. */
  readonly erasureSeconds: number;
}

/** What somebody asked for, beside the schedule. */
export interface KeyCommand {
  /** Change over as soon as the lead allows. */
  readonly rotate?: readonly JwtAlgorithm[];
  /** Retire the keys of algorithms that are not configured any more. */
  readonly retireUnlisted?: boolean;
}

/** One step on the ring. */
export type KeyChange =
  | { readonly act: 'make'; readonly alg: JwtAlgorithm; readonly activeAt: Date }
  | { readonly act: 'activate'; readonly kid: string; readonly activeAt: Date }
  | { readonly act: 'retire'; readonly kid: string; readonly retiredAt: Date; readonly goneAt: Date }
  | { readonly act: 'keep'; readonly kid: string }
  | { readonly act: 'erase'; readonly kid: string };

/**
 * What has to be done to the ring now; empty as long as it is as it should be. Carried out, the plan of the result is
 * empty, so that of many replicas with the same plan only the first finds anything to do.
 *
 * @param now milliseconds since the epoch
 * @param erasedAt the time by which private halves are destroyed, likewise
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
 * The published key that HS256 follows here: nobody who verifies by the JWKS can follow. Beside an HS256 key
 * that is in use it is none, as while replicas change from HS256 to an algorithm that is published.
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
  // HS256 is never published: nobody caches it, so nobody has to be told beforehand.
  const lead = alg === 'HS256' ? 0 : policy.leadSeconds * 1000;
  // A new algorithm of access tokens takes over from the former one as a new key does from an old one.
  const isFirst = alg === policy.algorithms[0];
  const former = isFirst ? keys.filter((key) => isSigning(key, now) && !policy.algorithms.includes(key.alg)) : [];
  // Also from one that is kept, which does not end. After a kill it does not stand in: whoever goes by the algorithm would be let down.
  const isStoodIn =
    isFirst && !wasKilled(own, now) && interimSigningKey(keys, now, policy.algorithms, next) !== undefined;
  const isAlone = signing.length === 0 && former.length === 0 && !isStoodIn;

  const changes: KeyChange[] = [];
  let handover: number | undefined;
  if (next) {
    const earliest = isAlone ? now : Math.max(now, next.announcedAt.getTime() + lead);
    handover = forced || isAlone ? Math.min(next.activeAt.getTime(), earliest) : next.activeAt.getTime();
    if (handover !== next.activeAt.getTime()) {
      changes.push({ act: 'activate', kid: next.kid, activeAt: new Date(handover) });
    }
  } else if (signing.length === 0) {
    handover = isAlone ? now : now + lead;
    changes.push({ act: 'make', alg, activeAt: new Date(handover) });
  } else {
    const end = Math.max(...signing.map((key) => key.activeAt.getTime())) + policy.rotationSeconds * 1000;
    if (forced || end - lead <= now) {
      handover = forced ? now + lead : Math.max(end, now + lead);
      changes.push({ act: 'make', alg, activeAt: new Date(handover) });
    }
  }

  for (const key of signing) changes.push(...endOf(key, handover, policy));
  // Only when asked: replicas that still have the former settings would take it back, and so on for ever.
  // HS256 ends no published key: replicas and services that go by the JWKS would be left with none.
  if (command.retireUnlisted && alg !== 'HS256')
    former.forEach((key) => changes.push(...endOf(key, handover ?? now, policy)));
  return changes;
}

function endOf(key: PlannedKey, handover: number | undefined, policy: KeyPolicy): KeyChange[] {
  if (handover === undefined) return key.retiredAt ? [{ act: 'keep', kid: key.kid }] : [];
  if (key.retiredAt?.getTime() === handover) return extensionOf(key, policy);
  return [{ act: 'retire', kid: key.kid, retiredAt: new Date(handover), goneAt: goneAfter(handover, policy) }];
}

/**
 * A key was retired by whoever was first: a replica with other lifetimes, or a command in an environment without them. Of all that
 * keep the ring the longest lifetime counts, as tokens may have it.
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
      // The private half of HS256 is what proves its tokens.
      if (key.alg === 'HS256' || !key.retiredAt) return false;
      return key.retiredAt.getTime() + policy.erasureSeconds * 1000 <= now;
    })
    .map((key) => ({ act: 'erase', kid: key.kid }));
}

/** Whether the last one that signed was killed while it did, and did not retire in the course of things. */
function wasKilled(own: readonly PlannedKey[], now: number): boolean {
  const [last] = own
    .filter(({ activeAt, killedAt }) => activeAt.getTime() <= (killedAt?.getTime() ?? now))
    .sort((left, right) => right.activeAt.getTime() - left.activeAt.getTime());
  return Boolean(last?.killedAt && (!last.retiredAt || last.retiredAt >= last.killedAt));
}

function isSigning(key: PlannedKey, now: number): boolean {
  return keyStateOf(key, now) === 'active';
}
