import { inspect } from 'node:util';

/** How a setting of type `T` is read. `S` is the type of all settings of the object, each with its default. */
export interface Setting<T, S = unknown> {
  /** @throws Error that names the setting and says what to write */
  readonly read: (value: unknown, at: SettingPlace, above: S) => T;
}

/** The object of settings, such as `AuthModule` or `AuthModule: "jwks"`, and the name of the setting in it. */
export interface SettingPlace {
  readonly place: string;
  readonly name: string;
}

/** A value, or its calculation from the settings that are declared above. */
type Derived<T, S> = T | ((above: S) => T);

interface Bounds<S> {
  readonly min: Derived<number, S>;
  /** Default: no maximum. */
  readonly max?: Derived<number, S>;
}

/** A number with a default. */
function number<S>(usual: Derived<number, S>, bounds: Bounds<S>): Setting<number, S> {
  return numberOf('a number', Number.isFinite, usual, bounds);
}

/** A number without a fraction. */
function wholeNumber<S>(usual: Derived<number, S>, bounds: Bounds<S>): Setting<number, S> {
  return numberOf('a whole number', Number.isSafeInteger, usual, bounds);
}

/** A boolean. A value from the environment is a string, and "false" would be truthy. */
function flag(usual: boolean): Setting<boolean> {
  return required('true or false', (value): value is boolean => typeof value === 'boolean', usual);
}

/** A string with a default. */
function text(usual: string): Setting<string> {
  return required('a string', (value): value is string => typeof value === 'string', usual);
}

/** A string that equals an allowed value, with a default. */
function oneOf<const T extends string>(values: readonly T[], usual: NoInfer<T>): Setting<T> {
  const isAllowed = (value: unknown): value is T => (values as readonly unknown[]).includes(value);
  return required(`one of ${values.map((value) => `"${value}"`).join(', ')}`, isAllowed, usual);
}

/**
 * A setting with rules of its own.
 *
 * @param problemOf the text that follows the name of the setting in the error, or `undefined` if the value is valid
 */
function custom<T>(problemOf: (value: unknown) => string | undefined, usual?: T): Setting<T> {
  return {
    read: (value, { place, name }) => {
      const problem = problemOf(value ?? usual);
      if (problem !== undefined) throw new Error(`${place}: "${name}" ${problem}`);
      return (value ?? usual) as T;
    },
  };
}

/** An object of settings with a declaration of its own. */
function nested<S, C>(declared: { read(settings: S, place: string): C }): Setting<C> {
  return { read: (value, { place, name }) => declared.read((value ?? {}) as S, `${place}: "${name}"`) };
}

/** A setting that other code checks. */
function unchecked<T>(usual?: T): Setting<T> {
  return { read: (value) => (value ?? usual) as T };
}

/** A setting that other code checks and keeps. The checked settings do not contain it, so that no log of them can. */
function secret(): Setting<never> {
  return { read: () => undefined as never };
}

/** The kinds of settings, for the declarations of {@link settings}. */
export const setting = { number, wholeNumber, flag, text, oneOf, nested, custom, unchecked, secret };

function numberOf<S>(
  kind: string,
  isNumber: (value: unknown) => boolean,
  usual: Derived<number, S>,
  { min, max = Infinity }: Bounds<S>,
): Setting<number, S> {
  return {
    read: (value, at, above) => {
      const of = (derived: Derived<number, S>) => (typeof derived === 'function' ? derived(above) : derived);
      const [least, most] = [of(min), of(max)];
      const range = most === Infinity ? `of ${least} or more` : `from ${least} to ${most}`;
      const isWithin = (candidate: unknown): candidate is number =>
        isNumber(candidate) && (candidate as number) >= least && (candidate as number) <= most;
      return required(`${kind} ${range}`, isWithin, of(usual)).read(value, at, above);
    },
  };
}

function required<T>(right: string, isRight: (value: unknown) => value is T, usual: T): Setting<T> {
  return {
    read: (value, { place, name }) => {
      const read = value ?? usual;
      if (isRight(read)) return read;
      throw new Error(
        `${place} cannot work with \`${name}: ${shown(read)}\`: write ${right}, or leave it out for ${shown(usual)}.`,
      );
    },
  };
}

/** The members of an object stay out of the log: they may be secrets. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' ? 'an object' : inspect(value);
}
