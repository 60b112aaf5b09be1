import { Injectable } from '@nestjs/common';
import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { COMMON_PASSWORDS, COMMON_STEMS } from './common-passwords.js';
import { guessCount, isRepetition, distinctCharacters } from './password-patterns.js';
import { PasswordPolicy } from './password-policy.js';
import type { PasswordViolation } from './password-policy.js';
import { deLeet, normalizeForComparison, stripAffixes } from './password-text.js';

const MIN_CHOICES = 6;
const MIN_CHARACTERS = 5;
const MAX_PIECES = 3;

/**
 * Rejects common passwords: the entries of the shipped list and of `blocklist`, up to three of them in a row, repeated
 * pieces, and runs over the alphabet, the digits or a keyboard. It ignores case, look-alike digits and affixes.
 * @see NIST SP 800-63B-4 §3.1.1.2
 */
@Injectable()
export class CommonPasswordPolicy extends PasswordPolicy {
  private readonly passwords: ReadonlySet<string>;
  private readonly words: ReadonlySet<string>;
  private readonly longestWord: number;

  constructor(settings: CheckedPasswordSettings) {
    super();
    const passwords = [...COMMON_PASSWORDS, ...settings.blocklist];
    this.passwords = new Set(passwords.flatMap((password) => [normalizeForComparison(password), deLeet(password)]));
    this.words = new Set([...this.passwords, ...COMMON_STEMS]);
    this.longestWord = Math.max(...[...this.words].map((word) => word.length));
  }

  check(password: string): readonly PasswordViolation[] {
    if (this.isKnown(password) || isPattern(password)) {
      return [{ code: 'password-too-common', detail: 'This password is too common and easy to guess.' }];
    }
    return [];
  }

  private isKnown(password: string): boolean {
    const core = stripAffixes(password);
    const spellings = new Set([
      normalizeForComparison(password),
      deLeet(password),
      deLeet(core),
      normalizeForComparison(core),
    ]);
    // A password without letters and digits has an empty spelling.
    spellings.delete('');
    return [...spellings].some((spelling) => this.passwords.has(spelling) || this.isMadeOfWords(spelling));
  }

  /** `ends[i]` is the smallest number of words that spell the first i letters. */
  private isMadeOfWords(spelling: string): boolean {
    if (spelling.length > MAX_PIECES * this.longestWord) return false;
    const ends = [0];
    for (let end = 1; end <= spelling.length; end += 1) {
      for (let start = Math.max(0, end - this.longestWord); start < end; start += 1) {
        const before = ends[start];
        if (before === undefined || before >= MAX_PIECES || !this.words.has(spelling.slice(start, end))) continue;
        ends[end] = Math.min(ends[end] ?? Infinity, before + 1);
      }
    }
    return ends[spelling.length] !== undefined;
  }
}

function isPattern(password: string): boolean {
  const text = password.toLowerCase();
  return isRepetition(text) || distinctCharacters(text) < MIN_CHARACTERS || guessCount(text) < MIN_CHOICES;
}
