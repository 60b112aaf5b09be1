import { setting, settings } from 'postern/problem';
import type { JwksSettings } from './auth-settings.js';

/** The settings of `jwks` with their defaults. */
export const JWKS_SETTINGS = settings<JwksSettings>()('AuthModule: "jwks"', {
  uri: setting.unchecked<string | undefined>(),
  cooldownSeconds: setting.number(30, { min: 0, max: 86_400 }),
  minimumAgeSeconds: setting.number(60, { min: 0, max: 31_536_000 }),
  maximumAgeSeconds: setting.number(600, { min: 0, max: 31_536_000 }),
  maximumStaleSeconds: setting.number(86_400, { min: 0, max: 31_536_000 }),
  timeoutSeconds: setting.number(5, { min: 0, max: 3600 }),
  maximumBytes: setting.number(262_144, { min: 0, max: 1_073_741_824 }),
  allowInsecure: setting.flag(false),
});
