import { Injectable } from '@nestjs/common';
import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { PasswordPolicy } from './password-policy.js';
import type { PasswordViolation } from './password-policy.js';

/**
 * Rejects passwords with fewer Unicode code points than `minimumLength`, in every script.
 * @see NIST SP 800-63B-4 §3.1.1.2
 */
@Injectable()
export class MinimumLengthPolicy extends PasswordPolicy {
  constructor(private readonly settings: CheckedPasswordSettings) {
    super();
  }

  check(password: string): readonly PasswordViolation[] {
    const { minimumLength } = this.settings;
    if ([...password].length >= minimumLength) return [];
    return [{ code: 'password-too-short', detail: `Choose at least ${minimumLength} characters.` }];
  }
}
