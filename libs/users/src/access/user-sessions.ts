/**
 * Ends the sessions of a user in the transaction that disables or deletes the user. `SessionsModule` provides it; an
 * application without that module has no sessions.
 */
export abstract class UserSessions {
  /**
   * Ends every session of the user in the current transaction.
   *
   * @param reason at most 32 characters
   */
  abstract endAllOf(userId: string, reason: string): Promise<void>;
}
