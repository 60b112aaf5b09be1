/**
 * Tells replicas that there is something new to read, fast. It carries no truth: what it loses, the poll of each
 * replica finds.
 *
 * @example
 * ```ts
 * @Injectable()
 * class NatsSignal extends RevocationSignal {
 *   async announce(sequence: number) { this.nats.publish('revocations', String(sequence)); }
 *   async listen(heard: (sequence: number) => void) { this.nats.subscribe('revocations', (m) => heard(Number(m))); }
 *   async stop() { await this.nats.close(); }
 * }
 * RevocationsModule.forRoot({ signal: NatsSignal })
 * ```
 */
export abstract class RevocationSignal {
  /** Tells every replica, after the commit, that all up to this place in the order can be read. */
  abstract announce(sequence: number): Promise<void>;

  /** Calls `heard` at every announcement from now on, and by itself connects again whenever it was cut off. */
  abstract listen(heard: (sequence: number) => void): Promise<void>;

  /** Closes what `listen` and `announce` have opened. */
  abstract stop(): Promise<void>;
}

/** The name under which replicas hear of revocations. */
export const REVOCATION_CHANNEL = 'postern_revocations';
