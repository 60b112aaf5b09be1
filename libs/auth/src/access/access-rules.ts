import 'reflect-metadata';

/** The keys of the metadata in which the decorators record their rules. */
export const PUBLIC = 'postern:public';
export const OPTIONAL = 'postern:optional';
/** Beside `OPTIONAL`: an invalid token is rejected. The stricter one of two decorators wins. */
export const NO_INVALID_TOKEN = 'postern:no-invalid-token';
export const SCOPES = 'postern:scopes';
export const OWN_ISSUER = 'postern:own-issuer';
export const FOR_SERVICES = 'postern:for-services';
export const FIXED_RESPONSE = 'postern:fixed-response';

export type Rule =
  | typeof PUBLIC
  | typeof OPTIONAL
  | typeof NO_INVALID_TOKEN
  | typeof SCOPES
  | typeof OWN_ISSUER
  | typeof FOR_SERVICES
  | typeof FIXED_RESPONSE;

/** The names of the methods that have a rule, by the prototype on which the rule was written. */
const declared = new Map<object, Set<string | symbol>>();

/**
 * Creates a decorator that records the rule. It records the rule of a method under its class and name as well as under
 * its function, and the rule of a class under its prototype: a decorator that wraps the method or the class replaces
 * the function or the class, and leaves the rest.
 */
export function recordRule(rule: Rule, scopes?: readonly string[]): MethodDecorator & ClassDecorator {
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const method: unknown = descriptor?.value;
    const prototype = typeof target === 'function' && name === undefined ? (target.prototype as object) : target;
    declared.set(prototype, (declared.get(prototype) ?? new Set()).add(name ?? 'constructor'));
    record(rule, scopes, prototype, name);
    if (typeof method === 'function') record(rule, scopes, method);
  };
}

/** Whether a decorator in the class itself has recorded the rule. A rule of a copied function does not count. */
export function isDecoratedWith(rule: Rule, prototype: object, name: string | symbol): boolean {
  return Reflect.hasOwnMetadata(rule, prototype, name);
}

/** Whether the class itself has the rule. A rule of a base class does not count. */
export function hasOwnRule(rule: Rule, prototype: object, name?: string | symbol): boolean {
  if (Reflect.hasOwnMetadata(rule, prototype, name!)) return true;
  const method = name === undefined ? undefined : ownMethod(prototype, name);
  return method !== undefined && Reflect.hasMetadata(rule, method);
}

/** The scopes that the class itself, or its method of this name, requires. */
export function ownScopes(prototype: object, name?: string | symbol): readonly string[] {
  const method = name === undefined ? undefined : ownMethod(prototype, name);
  return [...scopesIn(Reflect.getOwnMetadata(SCOPES, prototype, name!)), ...(method ? scopesOfFunction(method) : [])];
}

/** The scopes that were recorded with the function. */
export function scopesOfFunction(method: object): readonly string[] {
  return scopesIn(Reflect.getMetadata(SCOPES, method));
}

/** The method that the class itself has under this name. Accessors do not count, because Nest does not run them. */
export function ownMethod(prototype: object, name: string | symbol): object | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(prototype, name)?.value;
  return typeof value === 'function' ? value : undefined;
}

/** The names of the methods that the class itself has, or has a rule for. */
export function ownMethodNames(prototype: object): readonly (string | symbol)[] {
  const names = new Set([...Reflect.ownKeys(prototype), ...(declared.get(prototype) ?? [])]);
  names.delete('constructor');
  return [...names];
}

/** Every prototype on which a rule was written. */
export function prototypesWithRules(): Iterable<object> {
  return declared.keys();
}

/** The prototype chain, from the prototype itself to the last class before `Object`. */
export function lineageOf(prototype: object): readonly object[] {
  const lineage: object[] = [];
  for (
    let level: object | null = prototype;
    level && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object
  ) {
    lineage.push(level);
  }
  return lineage;
}

function record(rule: Rule, scopes: readonly string[] | undefined, holder: object, name?: string | symbol): void {
  // The scopes of several decorators add up.
  const value = scopes && [...scopesIn(Reflect.getOwnMetadata(rule, holder, name!)), ...scopes];
  Reflect.defineMetadata(rule, value ?? true, holder, name!);
}

function scopesIn(metadata: unknown): readonly string[] {
  return (metadata as readonly string[] | undefined) ?? [];
}
