/** The names of all settings of a module. The compiler requires exactly these names. */
export type SettingNames<S> = Readonly<Record<keyof S, true>>;

/**
 * Rejects an unknown setting. A misspelt name would otherwise leave the default in force silently: the compiler checks
 * `forRoot`, but not the result of a factory.
 *
 * @param place the module and the name of a nested object, such as `AuthModule` or `AuthModule: "jwks"`
 * @param structure the names of the classes, which are passed beside the settings
 * @throws Error that names the unknown setting and all known settings
 */
export function assertKnownSettings<S extends object>(
  place: string,
  settings: S,
  known: SettingNames<S>,
  structure: Readonly<Record<string, unknown>> = {},
): void {
  if (typeof settings !== 'object' || settings === null) throw new Error(`${place} must be an object of settings.`);
  for (const name of Object.keys(settings)) {
    if (Object.hasOwn(known, name)) continue;
    if (Object.hasOwn(structure, name)) {
      throw new Error(`${place} takes "${name}" beside "useFactory", and not from what it returns.`);
    }
    throw new Error(`${place} knows no setting "${name}"; there are: ${Object.keys(known).join(', ')}.`);
  }
}
