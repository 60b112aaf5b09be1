import { Inject, Injectable } from '@nestjs/common';
import { AUTH_SETTINGS } from '../settings/auth-settings.js';
import { checkedRules } from './access-token-rules.js';
import type { AuthSettings } from '../settings/auth-settings.js';
import type { TokenRules } from './access-token-rules.js';

/** The issuers whose tokens this application accepts, and the rules for each. */
@Injectable()
export class TrustedIssuers {
  private readonly rules: ReadonlyMap<string, TokenRules>;
  /** The maximum length of a token of any issuer. */
  readonly maximumTokenBytes: number;

  /** @throws Error that names the setting and the fix */
  constructor(@Inject(AUTH_SETTINGS) settings: AuthSettings) {
    const all = [settings, ...(settings.issuers ?? [])].map((issuer) => checkedRules(issuer));
    this.maximumTokenBytes = Math.max(...all.map(({ maximumTokenBytes }) => maximumTokenBytes));
    this.rules = new Map(all.map((rules) => [rules.issuer, rules]));
    if (this.rules.size !== all.length) {
      throw new Error('AuthModule: two entries of "issuers" have the same issuer. Write each issuer once.');
    }
  }

  /** The application's own issuer: the one at the top of the settings. */
  get own(): TokenRules {
    return this.rules.values().next().value!;
  }

  get(issuer: unknown): TokenRules | undefined {
    return this.rules.get(issuer as string);
  }

  all(): readonly TokenRules[] {
    return [...this.rules.values()];
  }
}
