import 'reflect-metadata';

/** The keys of the metadata in which the decorators record their rules. */
export const PUBLIC = 'postern:public';
export const OPTIONAL = 'postern:optional';
/** Beside `OPTIONAL`: an invalid token is rejected. The stricter one of two decorators wins. */
export const NO_INVALID_TOKEN = 'postern:no-invalid-token';
export const SCOPES = 'postern:scopes';
export const OWN_ISSUER = 'postern:own-issuer';
export const NO_IMPERSONATION = 'postern:no-impersonation';
export const FOR_SERVICES = 'postern:for-services';
export const FIXED_RESPONSE = 'postern:fixed-response';
export const PERMISSIONS = 'postern:permissions';
export const ANY_PERMISSION = 'postern:any-permission';
export const ROLES = 'postern:roles';
export const POLICIES = 'postern:policies';

/** The rules that have values: those of several decorators add up. */
type ValuedRule = typeof SCOPES | typeof PERMISSIONS | typeof ANY_PERMISSION | typeof ROLES | typeof POLICIES;

export type Rule =
  | typeof PUBLIC
  | typeof OPTIONAL
  | typeof NO_INVALID_TOKEN
  | typeof OWN_ISSUER
  | typeof NO_IMPERSONATION
  | typeof FOR_SERVICES
  | typeof FIXED_RESPONSE
  | ValuedRule;

/** The names of the methods that have a rule, by the prototype on which the rule was written. */
const declared = new Map<object, Set<string | symbol>>();

/**
 * Creates a decorator that records the rule. It records the rule of a method under its class and name as well as under
 * its function, and the rule of a class under its prototype: a decorator that wraps the method or the class replaces
 * the function or the class, and leaves the rest.
 */
export function recordRule(rule: Rule, values?: readonly unknown[]): MethodDecorator & ClassDecorator {
  return (target: object, name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    const method: unknown = descriptor?.value;
    const prototype = typeof target === 'function' && name === undefined ? (target.prototype as object) : target;
    declared.set(prototype, (declared.get(prototype) ?? new Set()).add(name ?? 'constructor'));
    record(rule, values, prototype, name);
    if (typeof method === 'function') record(rule, values, method);
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

/** The values of the rule that the class itself, or its method of this name, has. */
export function ownValues<T>(rule: ValuedRule, prototype: object, name?: string | symbol): readonly T[] {
  const method = name === undefined ? undefined : ownMethod(prototype, name);
  return [
    ...valuesIn<T>(Reflect.getOwnMetadata(rule, prototype, name!)),
    ...(method ? valuesOfFunction<T>(rule, method) : []),
  ];
}

/** The values of the rule that were recorded with the function. */
export function valuesOfFunction<T>(rule: ValuedRule, method: object): readonly T[] {
  return valuesIn<T>(Reflect.getMetadata(rule, method));
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

function record(rule: Rule, values: readonly unknown[] | undefined, holder: object, name?: string | symbol): void {
  // The values of several decorators add up.
  const value = values && [...valuesIn(Reflect.getOwnMetadata(rule, holder, name!)), ...values];
  Reflect.defineMetadata(rule, value ?? true, holder, name!);
}

function valuesIn<T>(metadata: unknown): readonly T[] {
  return (metadata as readonly T[] | undefined) ?? [];
}
