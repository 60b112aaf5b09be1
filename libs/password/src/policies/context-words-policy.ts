import { Injectable } from '@nestjs/common';
import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { PasswordPolicy } from './password-policy.js';
import type { PasswordContext, PasswordViolation } from './password-policy.js';
import { contextWords, deLeet, normalizeForComparison } from './password-text.js';

/** Shorter words occur in too many good passphrases. */
const MIN_WORD = 4;

/**
 * Rejects passwords that contain public facts about the account: the e-mail address, its parts of four letters or more,
 * and the name of the product. It ignores case and look-alike digits.
 * @see NIST SP 800-63B-4 §3.1.1.2
 */
@Injectable()
export class ContextWordsPolicy extends PasswordPolicy {
  private readonly product: readonly string[];

  constructor(settings: CheckedPasswordSettings) {
    super();
    this.product = [settings.productName, ...settings.productName.split(/\s+/)];
  }

  check(password: string, context: PasswordContext): readonly PasswordViolation[] {
    const spellings = [normalizeForComparison(password), deLeet(password)];
    const isContained = (word: string) =>
      [normalizeForComparison(word), deLeet(word)].some(
        (spelled) => spelled.length >= MIN_WORD && spellings.some((spelling) => spelling.includes(spelled)),
      );
    if (![...this.product, ...contextWords(context.email)].some(isContained)) return [];
    return [
      {
        code: 'password-contains-context',
        detail: 'Leave out your e-mail address, its parts and the name of this product.',
      },
    ];
  }
}
