/** The state of a key: announced → active → retired → gone, or killed from any state. */
export type KeyState = 'announced' | 'active' | 'retired' | 'gone' | 'killed';

/** The instants of a key's life. An absent instant is not yet set. */
export interface KeyInstants {
  readonly activeAt?: Date | null;
  readonly retiredAt?: Date | null;
  readonly goneAt?: Date | null;
  readonly killedAt?: Date | null;
}

/**
 * The state of a key at an instant.
 *
 * @param now epoch milliseconds
 */
export function keyStateOf(key: KeyInstants, now: number): KeyState {
  if (key.killedAt) return 'killed';
  if (key.goneAt && key.goneAt.getTime() <= now) return 'gone';
  if (key.retiredAt && key.retiredAt.getTime() <= now) return 'retired';
  if (key.activeAt && key.activeAt.getTime() > now) return 'announced';
  return 'active';
}
