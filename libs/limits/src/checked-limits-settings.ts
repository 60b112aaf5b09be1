import type { Claim, Limit } from './limit.js';
import { clientNetworkOf } from './client-network.js';
import { SETTINGS } from './limits.module-definition.js';
import type { LimitsSettings } from './limits.module-definition.js';

/** The name of a limit in the settings. */
export type LimitName = Exclude<keyof LimitsSettings, 'redisUrl' | 'ipv6PrefixLength' | 'deviceSeconds'>;

/**
 * The settings of this lib, checked and complete.
 * @throws Error at boot; it says what to write
 */
export class CheckedLimitsSettings extends SETTINGS.Checked {
  private readonly headerNames = new Map<LimitName, string>();

  constructor(settings: LimitsSettings = {}) {
    super(settings);
    // A log of the settings must not contain the password of Redis.
    Object.defineProperty(this, 'redisUrl', { value: this.redisUrl, enumerable: false });
  }

  /** The claims on the limits of these names, for what each counts; a limit that is off has none. */
  claims(keys: Readonly<Partial<Record<LimitName, string>>>): Claim[] {
    const claims: Claim[] = [];
    for (const [name, key] of Object.entries(keys) as [LimitName, string][]) {
      const limit: Limit | false = this[name];
      if (limit === false) continue;
      let header = this.headerNames.get(name);
      if (header === undefined) this.headerNames.set(name, (header = kebabOf(name)));
      claims.push({ name: header, key, points: limit.points, seconds: limit.seconds });
    }
    return claims;
  }

  /** The network of a client, as the limits count it. */
  networkOf(ipAddress: string | undefined): string {
    return clientNetworkOf(ipAddress, this.ipv6PrefixLength);
  }
}

const kebabOf = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
