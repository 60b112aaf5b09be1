/**
 * Ends the sessions of a user, in the transaction that takes the user's access away: neither happens without the other.
 * `SessionsModule` provides it wherever it is imported; an application without sessions has none to end.
 */
export abstract class UserSessions {
  /**
   * Ends every session that the user has, in the ambient transaction.
   *
   * @param reason at most 32 characters
   */
  abstract endAllOf(userId: string, reason: string): Promise<void>;
}
