import { METHOD_METADATA, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import { lineageOf, ownMethod, ownMethodNames, prototypesWithRules } from './access-rules.js';

/** Identifies a method by its prototype and its name, which no decorator can replace. */
export interface HandlerMethod {
  readonly prototype: object;
  readonly name: string | symbol;
}

/**
 * The methods that each function is or was: the router may have read the function before a tracing library replaced it.
 */
const methodsOfFunction = new WeakMap<object, HandlerMethod[]>();

/** Records the current function of each method of the class and of its base classes. */
export function noteMethods(prototype: object): void {
  for (const level of lineageOf(prototype)) {
    for (const name of ownMethodNames(level)) {
      const method = ownMethod(level, name);
      if (method !== undefined) noteMethod(method, level, name);
    }
  }
}

/** Records that the function is the method of this name. */
export function noteMethod(handler: object, prototype: object, name: string | symbol): void {
  const existing = methodsOfFunction.get(handler) ?? [];
  if (existing.some((method) => method.prototype === prototype && method.name === name)) return;
  methodsOfFunction.set(handler, [...existing, { prototype, name }]);
}

/** Returns every method that the function is or was, of this class and of classes from which it was copied. */
export function methodsOf(handler: object, prototype: object): readonly HandlerMethod[] {
  noteMethods(prototype);
  for (const type of prototypesWithRules()) noteMethods(type);
  return methodsOfFunction.get(handler) ?? [];
}

/**
 * Returns the methods of the class that are the same route as the function. Instrumentation may pass a copy of a
 * handler with its metadata to the router, and the copy is not a method of any class.
 */
export function methodsOfRoute(handler: object, lineage: readonly object[]): readonly HandlerMethod[] {
  if (!Reflect.hasMetadata(PATH_METADATA, handler)) return [];
  return lineage.flatMap((prototype) =>
    ownMethodNames(prototype)
      .filter((name) => isSameRoute(handler, ownMethod(prototype, name)))
      .map((name) => ({ prototype, name })),
  );
}

function isSameRoute(handler: object, method: object | undefined): boolean {
  return [PATH_METADATA, METHOD_METADATA, VERSION_METADATA].every(
    (key) => method !== undefined && Reflect.getMetadata(key, handler) === Reflect.getMetadata(key, method),
  );
}
