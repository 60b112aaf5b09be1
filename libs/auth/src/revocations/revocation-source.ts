import type { RevocationSet } from './revocation-set.js';

/**
 * Keeps the set of this process equal to what was revoked elsewhere: the reading side.
 *
 * @example
 * ```ts
 * \@Injectable()
 * class PolledRevocations extends RevocationSource {
 *   override async follow(set: RevocationSet) {
 *     for (const revocation of await this.store.all()) set.add(revocation);
 *     this.timer = setInterval(() => this.catchUp(set), 1000);
 *   }
 *   override stop() { clearInterval(this.timer); }
 * }
 * ```
 */
export abstract class RevocationSource {
  /**
   * Called once, before the application listens. Resolves when the set may be trusted; whoever cannot get that far and may
   * serve without, resolves as well and goes on trying. A rejection keeps the application from starting.
   */
  abstract follow(set: RevocationSet): Promise<void>;

  /** Called at shutdown. */
  abstract stop(): void | Promise<void>;
}
