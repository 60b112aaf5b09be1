import { issuerProblem } from 'postern/tokens';
import { SETTINGS } from './postern.module-definition.js';
import type { PosternSettings } from './postern.module-definition.js';

/** The settings with the settings of one lib. Each lib validates its own settings. */
const LIBS = ['persistence', 'problem', 'auth', 'tokens', 'users', 'sessions', 'password', 'mail'] as const;

/**
 * Validates the settings and returns them.
 *
 * @throws Error at boot, with a message that names the setting and the permitted values
 */
export function checkedPosternSettings(settings: PosternSettings): PosternSettings {
  SETTINGS.read(settings);
  const problem = issuerProblem(settings.issuer, settings.production);
  if (problem !== undefined) throw new Error(`PosternModule: "issuer" ${problem}`);
  if (!settings.secret) {
    throw new Error(
      'PosternModule needs `secret`: at least 32 random bytes, for example from: openssl rand -base64 48',
    );
  }
  for (const lib of LIBS) assertStatedOnce(lib, settings[lib] ?? {});
  return settings;
}

/** A shared setting would overwrite the same setting of one lib. */
function assertStatedOnce(lib: (typeof LIBS)[number], settings: unknown): void {
  if (typeof settings !== 'object') throw new Error(`PosternModule: "${lib}" must be an object of settings.`);
  for (const name of Object.keys(settings ?? {})) {
    if (SETTINGS.has(name)) {
      throw new Error(`PosternModule: move "${name}" out of "${lib}", to the top level of the settings.`);
    }
  }
}
