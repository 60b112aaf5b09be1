/** The names of every setting of a kind: the compiler wants all of them, and no other. */
export type SettingNames<S> = Readonly<Record<keyof S, true>>;

/**
 * Refuses a setting that nobody reads: a misspelt one, which would leave its default in force without a word. What the compiler finds
 * in `forRoot`, it does not find in what a factory returns.
 *
 * @param place the module, and the setting that the settings stand under, such as `AuthModule` or `AuthModule: "jwks"`
 * @param structure the names of what is passed as classes, beside the settings
 * @throws Error that names the setting, and those that there are
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
