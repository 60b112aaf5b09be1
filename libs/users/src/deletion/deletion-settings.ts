const DAY_MILLISECONDS = 86_400_000;

/** The checked settings of the deletion. */
export class DeletionSettings {
  /** The time between the request of a user and the deletion. 0: at once. */
  readonly graceMilliseconds: number;

  constructor(deletionGraceDays: number) {
    this.graceMilliseconds = deletionGraceDays * DAY_MILLISECONDS;
  }
}
