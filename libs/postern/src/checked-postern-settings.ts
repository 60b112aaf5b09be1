import { assertKnownSettings } from 'postern/problem';
import { issuerProblem } from 'postern/tokens';
import { KNOWN_SETTINGS, NO_STRUCTURE } from './postern.module-definition.js';
import type { PosternSettings } from './postern.module-definition.js';

/** The names that the settings of one lib stand under; each lib checks its own. */
const LIBS = ['persistence', 'problem', 'auth', 'tokens', 'sessions', 'password'] as const;

/**
 * Returns the settings if they are sound.
 *
 * @throws Error at boot, with a sentence that names the setting and says what to write
 */
export function checkedPosternSettings(settings: PosternSettings): PosternSettings {
  assertKnownSettings('PosternModule', settings, KNOWN_SETTINGS, NO_STRUCTURE);
  const problem = issuerProblem(settings.issuer, settings.production);
  if (problem !== undefined) throw new Error(`PosternModule: "issuer" ${problem}`);
  for (const lib of LIBS) assertStatedOnce(lib, settings[lib] ?? {});
  return settings;
}

/** A setting of all libs would overwrite the same setting of one lib. */
function assertStatedOnce(lib: (typeof LIBS)[number], settings: unknown): void {
  if (typeof settings !== 'object') throw new Error(`PosternModule: "${lib}" must be an object of settings.`);
  for (const name of Object.keys(settings ?? {})) {
    if (Object.hasOwn(KNOWN_SETTINGS, name)) {
      throw new Error(`PosternModule takes "${name}" beside "${lib}", and not below it.`);
    }
  }
}
