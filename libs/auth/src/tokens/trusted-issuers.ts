import { Inject, Injectable } from '@nestjs/common';
import { AUTH_SETTINGS } from '../settings/auth-settings.js';
import { checkedRules } from './access-token-rules.js';
import type { AuthSettings } from '../settings/auth-settings.js';
import type { TokenRules } from './access-token-rules.js';

/** The issuers whose tokens this application accepts, and the rules for each. */
@Injectable()
export class TrustedIssuers {
  private readonly rules: ReadonlyMap<string, TokenRules>;

  /** @throws Error with a sentence that says what to write, where the settings are not fit to start with */
  constructor(@Inject(AUTH_SETTINGS) settings: AuthSettings) {
    const all = [settings, ...(settings.issuers ?? [])].map((one) => checkedRules(one));
    this.rules = new Map(all.map((one) => [one.issuer, one]));
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
