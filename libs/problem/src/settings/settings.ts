import { nearestName } from './nearest-name.js';
import type { Setting } from './setting.js';

/** A kind of setting for each member of `S`. The compiler requires exactly the members of `S`. */
export type SettingsDeclaration<S> = { readonly [K in keyof S]-?: Setting<S[K], CompleteSettings<S>> };

/** All settings of `S`, each with its default. */
export type CompleteSettings<S> = { readonly [K in keyof S]-?: NonNullable<S[K]> };

/** The settings of `S` as the declaration `D` reads them. */
export type CheckedSettings<S, D> = {
  readonly [K in keyof Required<S> as K extends Secrets<D> ? never : K]: K extends keyof D ? ValueOf<D[K]> : never;
};

type ValueOf<D> = D extends Setting<infer T, never> ? T : never;
type Secrets<D> = { [K in keyof D]: [ValueOf<D[K]>] extends [never] ? K : never }[keyof D];

/** The declared settings of a module. */
export interface DeclaredSettings<S extends object, D, T> {
  /** The names of the structure, for `setExtras` of Nest's `ConfigurableModuleBuilder`. */
  readonly noStructure: Readonly<Record<keyof T, undefined>>;
  /**
   * Returns the settings with their defaults.
   *
   * @param place the name of a nested object (default: the module)
   * @throws Error that names the setting and says what to write
   */
  read(settings: S | undefined, place?: string): CheckedSettings<S, D>;
  /** Whether a setting has this name. */
  has(name: string): boolean;
  /** The base of an injectable class with all settings as properties. Its constructor throws as `read` does. */
  readonly Checked: new (...settings: object extends S ? [settings?: S] : [settings: S]) => CheckedSettings<S, D>;
}

/**
 * Declares the settings of a module: names, defaults, bounds, and messages. An unknown name fails the start, because
 * the compiler checks `forRoot`, but not the result of a factory, and a misspelt setting would leave its default in
 * force.
 *
 * A default or a bound may depend on settings that are declared above it.
 *
 * @param module the name of the module, such as `AcmeModule`
 * @param declaration a `setting` for each member of the interface
 * @param structure the names of the classes, which are passed beside the settings
 *
 * @example
 * ```ts
 * const SETTINGS = settings<AcmeSettings, AcmeStructure>()(
 *   'AcmeModule',
 *   { retries: setting.wholeNumber(3, { min: 0, max: 10 }), production: setting.flag(false) },
 *   { mailer: true, imports: true },
 * );
 * SETTINGS.read({ retries: 11 }); // AcmeModule cannot work with `retries: 11`: write a whole number from 0 to 10, …
 * ```
 */
export function settings<S extends object, T extends object = object>() {
  return <const D extends SettingsDeclaration<S>>(
    module: string,
    declaration: D & Readonly<Record<Exclude<keyof D, keyof S>, never>>,
    ...[structure = {} as Record<keyof T, true>]: keyof T extends never ? [] : [Readonly<Record<keyof T, true>>]
  ): DeclaredSettings<S, D, T> => {
    const read = (given: S | undefined, place = module) => {
      assertKnownNames(place, given, Object.keys(declaration), structure);
      const values: Record<string, unknown> = {};
      for (const [name, { read: readSetting }] of Object.entries<Setting<unknown, never>>(declaration)) {
        values[name] = readSetting(given[name as keyof S], { place, name }, values as never);
      }
      return values as CheckedSettings<S, D>;
    };
    // A class can extend it.
    function Checked(this: object, ...given: [S?]): void {
      Object.assign(this, read(given.length === 0 ? ({} as S) : given[0]));
    }
    return {
      noStructure: Object.fromEntries(Object.keys(structure).map((name) => [name, undefined])) as never,
      has: (name) => Object.hasOwn(declaration, name),
      read,
      Checked: Checked as unknown as DeclaredSettings<S, D, T>['Checked'],
    };
  };
}

function assertKnownNames<S extends object>(
  place: string,
  given: S | undefined,
  known: readonly string[],
  structure: object,
): asserts given is S {
  if (typeof given !== 'object' || given === null) throw new Error(`${place} must be an object of settings.`);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    if (Object.hasOwn(structure, name)) {
      throw new Error(`${place} takes "${name}" beside "useFactory", and not from what it returns.`);
    }
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
    throw new Error(`${place} knows no setting "${name}"; there are: ${known.join(', ')}.${hint}`);
  }
}
