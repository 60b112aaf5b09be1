/** A claim as a store counts it. A store keeps the instant at which a limit is full again, in microseconds. */
export interface StoredClaim {
  /** Identifies limit and key: 32 hex digits of a hash. */
  readonly id: string;
  /** The microseconds of one point. */
  readonly emission: number;
  /** The microseconds of all points. */
  readonly capacity: number;
  /** The microseconds of points that former attempts give back, or 0. They are given back only if the claim is taken. */
  readonly refund: number;
}

/** The result of one claim. */
export interface StoredState {
  /** Whether the point was taken. */
  readonly isTaken: boolean;
  /** The microseconds until the limit is full again. */
  readonly debt: number;
}

/**
 * Counts claims, for all replicas together.
 * @see LimitStore.take
 */
export abstract class LimitStore {
  /**
   * Takes one point for each claim if every limit has one, and none if a limit visibly has none. A concurrent call may
   * leave a part of the claims taken; the caller gives that part back. For each limit, no concurrency may take more
   * points than it has: `max(full, now) + emission <= now + capacity` must hold before the update.
   * @param claims with distinct ids
   * @returns the states in the order of the claims
   * @throws any error if the store is unavailable
   */
  abstract take(claims: readonly StoredClaim[]): Promise<readonly StoredState[]>;

  /** Gives points back: `full -= refund`. */
  abstract giveBack(refunds: readonly Pick<StoredClaim, 'id' | 'refund'>[]): Promise<void>;
}
