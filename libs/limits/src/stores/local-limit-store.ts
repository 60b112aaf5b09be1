import { LimitStore } from './limit-store.js';
import type { StoredClaim, StoredState } from './limit-store.js';

/** Above it, the map drops full limits. */
const SWEEP_SIZE = 10_000;
/** Above it, the map drops its oldest limits: an attacker must not exhaust the memory. */
const MAX_SIZE = 100_000;

/** Counts in the memory of this replica. */
export class LocalLimitStore extends LimitStore {
  private readonly fullAt = new Map<string, number>();

  /** @param now microseconds of a clock that does not run backwards */
  constructor(private readonly now: () => number = () => Math.round(performance.now() * 1000)) {
    super();
  }

  async take(claims: readonly StoredClaim[]): Promise<readonly StoredState[]> {
    return this.takeNow(claims);
  }

  /** {@link take} without waiting. */
  takeNow(claims: readonly StoredClaim[]): readonly StoredState[] {
    const now = this.now();
    const debts = claims.map(({ id, refund }) => Math.max(0, (this.fullAt.get(id) ?? 0) - refund - now));
    const isTaken = claims.every(({ emission, capacity }, at) => debts[at]! + emission <= capacity);
    return claims.map(({ id, emission }, at) => {
      const debt = isTaken ? debts[at]! + emission : debts[at]!;
      if (isTaken) this.store(id, now + debt);
      return { isTaken, debt };
    });
  }

  /** Counts attempts on which another store decides, up to the capacity of each limit. */
  note(claims: readonly StoredClaim[]): void {
    const now = this.now();
    for (const { id, emission, capacity } of claims) {
      const debt = Math.max(0, (this.fullAt.get(id) ?? 0) - now);
      this.store(id, now + Math.min(debt + emission, capacity));
    }
  }

  async giveBack(refunds: readonly Pick<StoredClaim, 'id' | 'refund'>[]): Promise<void> {
    for (const { id, refund } of refunds) {
      const fullAt = this.fullAt.get(id);
      if (fullAt !== undefined) this.fullAt.set(id, fullAt - refund);
    }
  }

  private store(id: string, fullAt: number): void {
    if (this.fullAt.size >= SWEEP_SIZE && this.fullAt.size % 1000 === 0) this.sweep();
    this.fullAt.delete(id);
    this.fullAt.set(id, fullAt);
    if (this.fullAt.size > MAX_SIZE) this.fullAt.delete(this.fullAt.keys().next().value!);
  }

  private sweep(): void {
    const now = this.now();
    for (const [id, fullAt] of this.fullAt) if (fullAt <= now) this.fullAt.delete(id);
  }
}
