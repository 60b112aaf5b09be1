/** A number of points that refill evenly: `points` at once, and one more each `seconds / points`. */
export interface Limit {
  /** A whole number above 0. */
  readonly points: number;
  /** The time in which an empty limit refills, in seconds. */
  readonly seconds: number;
}

/** One point of a limit, for one account, network, or other key. */
export interface Claim extends Limit {
  /** The name of the limit in headers and events, in kebab case. */
  readonly name: string;
  /** What the limit counts, such as a network. Stores keep only a hash of it. */
  readonly key: string;
}

/** The state of a limit after a claim. */
export interface LimitState extends Claim {
  /** The points that are left. */
  readonly remaining: number;
  /** The seconds until the next point; 0 if one is left. */
  readonly waitSeconds: number;
}
