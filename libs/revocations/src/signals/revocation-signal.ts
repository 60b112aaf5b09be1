/**
 * Announces to replicas that new revocations can be read. It only saves time: the poll of each replica finds a lost
 * announcement.
 *
 * @example
 * ```ts
 * @Injectable()
 * class NatsSignal extends RevocationSignal {
 *   async announce(sequence: number) { this.nats.publish('revocations', String(sequence)); }
 *   async listen(onAnnounced: (sequence: number) => void) {
 *     this.nats.subscribe('revocations', (message) => onAnnounced(Number(message)));
 *   }
 *   async stop() { await this.nats.close(); }
 * }
 * RevocationsModule.forRoot({ signal: NatsSignal })
 * ```
 */
export abstract class RevocationSignal {
  /** Announces to each replica, after the commit, that revocations up to this sequence number can be read. */
  abstract announce(sequence: number): Promise<void>;

  /** Calls `onAnnounced` for each announcement, and reconnects after each outage. */
  abstract listen(onAnnounced: (sequence: number) => void): Promise<void>;

  /** Closes what `listen` and `announce` have opened. */
  abstract stop(): Promise<void>;
}

/** The channel of the announcements. */
export const REVOCATION_CHANNEL = 'postern_revocations';
