import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { BreachedPasswordPolicy } from './breached-password-policy.js';
import { GuessablePasswordPolicy } from './guessable-password-policy.js';
import { ContextWordsPolicy } from './context-words-policy.js';
import { MinimumLengthPolicy } from './minimum-length-policy.js';
import { PasswordRejectedError } from '../password.errors.js';
import type { PasswordContext, PasswordPolicy } from './password-policy.js';
import { passwordText } from './password-text.js';

/** The default policies. Spread the list into `policies` to add a policy. */
export const shippedPasswordPolicies = [
  MinimumLengthPolicy,
  GuessablePasswordPolicy,
  ContextWordsPolicy,
  BreachedPasswordPolicy,
] as const;

/** Checks a new password against every policy. */
export class PasswordPolicies {
  constructor(
    private readonly settings: CheckedPasswordSettings,
    private readonly policies: readonly PasswordPolicy[],
  ) {}

  /**
   * Returns the normalised password.
   * @param pointer the JSON pointer (RFC 6901) of the password in the request
   * @throws PasswordRejectedError with every violation
   */
  async accept(typed: string, context: PasswordContext, pointer: string): Promise<string> {
    const text = this.textOf(typed);
    if (text === undefined) {
      // Do not process an oversized password any further (CVE-2021-45115).
      const detail = `Choose at most ${this.settings.maximumBytes} bytes.`;
      throw PasswordRejectedError.of(pointer, [{ code: 'password-too-long', detail }]);
    }
    const found = await Promise.all(this.policies.map(async (policy) => policy.check(text, context)));
    const violations = found.flat();
    if (violations.length > 0) throw PasswordRejectedError.of(pointer, violations);
    return text;
  }

  /** Returns the normalised password without a check; `undefined` if it has too many bytes. */
  textOf(typed: string): string | undefined {
    return passwordText(typed, this.settings.maximumBytes);
  }
}
