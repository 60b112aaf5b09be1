import type { RevocationSet } from './revocation-set.js';

/**
 * Copies the revocations of other processes into the set of this process: the reading side.
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
   * Nest calls it once, before the application listens. Resolve when the set is complete. If the source is not
   * available and the application may start without it, resolve as well and retry in the background. A rejection
   * fails the start.
   */
  abstract follow(set: RevocationSet): Promise<void>;

  /** Nest calls it at shutdown. */
  abstract stop(): void | Promise<void>;
}
