import { assertKnownSettings } from 'postern/problem';
import { numberWithin } from '../tokens/access-token-rules.js';
import type { SettingNames } from 'postern/problem';
import type { JwksSettings } from './auth-settings.js';

const KNOWN: SettingNames<Required<JwksSettings>> = {
  uri: true,
  cooldownSeconds: true,
  minimumAgeSeconds: true,
  maximumAgeSeconds: true,
  maximumStaleSeconds: true,
  timeoutSeconds: true,
  maximumBytes: true,
  allowInsecure: true,
};

/**
 * Returns the settings with defaults for those that are absent or undefined.
 *
 * @throws Error that names the setting and its bounds
 */
export function checkedJwksSettings(settings: JwksSettings = {}): Required<Omit<JwksSettings, 'uri'>> {
  assertKnownSettings('AuthModule: "jwks"', settings, KNOWN);
  const number = (name: Exclude<keyof JwksSettings, 'uri' | 'allowInsecure'>, usual: number, most: number): number =>
    numberWithin(`jwks.${name}`, settings[name] ?? usual, 0, most);
  return {
    cooldownSeconds: number('cooldownSeconds', 30, 86_400),
    minimumAgeSeconds: number('minimumAgeSeconds', 60, 31_536_000),
    maximumAgeSeconds: number('maximumAgeSeconds', 600, 31_536_000),
    maximumStaleSeconds: number('maximumStaleSeconds', 86_400, 31_536_000),
    timeoutSeconds: number('timeoutSeconds', 5, 3600),
    maximumBytes: number('maximumBytes', 262_144, 1_073_741_824),
    allowInsecure: settings.allowInsecure ?? false,
  };
}
