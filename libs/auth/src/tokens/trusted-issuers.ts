import { Inject, Injectable } from '@nestjs/common';
import { AUTH_SETTINGS } from '../settings/auth-settings.js';
import { checkedRules } from './access-token-rules.js';
import type { AuthSettings } from '../settings/auth-settings.js';
import type { TokenRules } from './access-token-rules.js';

/** The issuers whose tokens this application accepts, and the rules for each. */
@Injectable()
export class TrustedIssuers {
  private readonly rules: ReadonlyMap<string, TokenRules>;
  private readonly withTenants: readonly TokenRules[];
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
    this.withTenants = all.filter(({ tenants }) => tenants !== undefined);
    this.maximumTokenBytes = Math.max(...all.map(({ maximumTokenBytes }) => maximumTokenBytes));
  }

  /** The application's own issuer: the one at the top of the settings. */
  get own(): TokenRules {
    return this.rules.values().next().value!;
  }

  /** The rules for tokens with this `iss`. For a tenant of an issuer with a placeholder, they name that tenant. */
  get(issuer: unknown): TokenRules | undefined {
    const rules = this.rules.get(issuer as string);
    return rules?.tenants === undefined ? (rules ?? this.ofTenant(issuer)) : undefined;
  }

  /** Whether the issuer is the application's own, or a tenant of it. */
  isOwn(issuer: string): boolean {
    const { own } = this;
    return own.tenants === undefined ? issuer === own.issuer : own.tenants.tenantOf(issuer) !== undefined;
  }

  private ofTenant(issuer: unknown): TokenRules | undefined {
    for (const rules of this.withTenants) {
      const tenant = rules.tenants?.tenantOf(issuer as string);
      if (tenant !== undefined) return { ...rules, issuer: issuer as string, tenant };
    }
    return undefined;
  }

  all(): readonly TokenRules[] {
    return [...this.rules.values()];
  }
}
