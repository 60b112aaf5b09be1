import { Injectable } from '@nestjs/common';
import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { CheckedPasswordSettings } from '../checked-password-settings.js';
import { KNOWN_PHRASES } from './known-phrases.js';
import { PasswordPolicy } from './password-policy.js';
import type { PasswordContext, PasswordViolation } from './password-policy.js';
import { contextWords, normalizeForComparison, stripAffixes } from './password-text.js';

/** The characters and the look-alike spellings that the estimate reads: they bound its time to a few milliseconds. */
const MAX_LENGTH = 32;
const MAX_SPELLINGS = 5;

/** The number and the length of the user’s words that the estimate knows. */
const MAX_WORDS = 40;
const MAX_WORD_LENGTH = 32;

/** zxcvbn counts ten guesses for a random character. A long password needs eleven of them, a short one all but two. */
const RANDOM_CHARACTERS = 11;
const PREDICTABLE_CHARACTERS = 2;

/**
 * Rejects passwords that take fewer than 10^11 guesses (10^(n-2) if they have n < 13 characters), estimated by zxcvbn
 * from common passwords, the user's own words, dates, repetitions, and runs on a keyboard; also known phrases and the
 * entries of `blocklist`. The estimate reads the first 32 characters.
 * @see NIST SP 800-63B-4 §3.1.1.2
 * @see Wheeler, zxcvbn: Low-Budget Password Strength Estimation, USENIX Security 2016
 */
@Injectable()
export class GuessablePasswordPolicy extends PasswordPolicy {
  private readonly phrases: readonly string[];
  private readonly listed: ReadonlySet<string>;
  private readonly product: string;
  private estimator: Promise<ZxcvbnFactory> | undefined;

  constructor(settings: CheckedPasswordSettings) {
    super();
    this.phrases = [...settings.blocklist.map((entry) => entry.toLowerCase()), ...KNOWN_PHRASES];
    this.listed = new Set(this.phrases.map(normalizeForComparison).filter((phrase) => phrase !== ''));
    this.product = settings.productName;
  }

  async check(password: string, context: PasswordContext): Promise<readonly PasswordViolation[]> {
    const signs = [...password];
    const minimum = 10 ** Math.min(RANDOM_CHARACTERS, signs.length - PREDICTABLE_CHARACTERS);
    // An attacker who knows the characters tries fewer texts than the estimate, if the characters are few.
    const combinations = new Set(signs).size ** signs.length;
    const isHard =
      combinations >= minimum && !this.isListed(password) && (await this.guesses(password, context)) >= minimum;
    if (isHard) return [];
    return [{ code: 'password-too-common', detail: 'This password is too common and easy to guess.' }];
  }

  private isListed(password: string): boolean {
    return [password, stripAffixes(password)].some((text) => this.listed.has(normalizeForComparison(text)));
  }

  private async guesses(password: string, { email, userFields = {} }: PasswordContext): Promise<number> {
    this.estimator ??= estimatorWith(this.phrases);
    const estimator = await this.estimator;
    const fields = Object.values(userFields).filter((value) => typeof value === 'string');
    const words = [this.product, ...contextWords(email), ...fields.flatMap((field) => [field, ...field.split(/\s+/)])]
      .filter((word) => word.length > 2 && word.length <= MAX_WORD_LENGTH)
      .slice(0, MAX_WORDS);
    return estimator.check(password, words).guesses;
  }
}

/** Loads the dictionary when the first password is set: a server that sets none does not pay for it. */
async function estimatorWith(phrases: readonly string[]): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory }, { adjacencyGraphs, dictionary }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ]);
  return new ZxcvbnFactory({
    dictionary: { passwords: dictionary['passwords-common'], phrases: [...phrases] },
    graphs: adjacencyGraphs,
    maxLength: MAX_LENGTH,
    l33tMaxSubstitutions: MAX_SPELLINGS,
  });
}
