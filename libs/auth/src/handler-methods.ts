import { lineageOf, ownMethod, ownMethodNames, prototypesWithRules } from './access-rules.js';

/** A method by what no decorator can replace: the prototype that has it, and its name. */
export interface HandlerMethod {
  readonly prototype: object;
  readonly name: string | symbol;
}

/**
 * The methods that each function is or was: the router may have read it before tracing put another one in its place.
 */
const methodsOfFunction = new WeakMap<object, HandlerMethod[]>();

/** Remembers which methods the functions of the class, and of those that it extends, are at this moment. */
export function noteMethods(prototype: object): void {
  for (const one of lineageOf(prototype)) {
    for (const name of ownMethodNames(one)) {
      const method = ownMethod(one, name);
      if (method !== undefined) noteMethod(method, one, name);
    }
  }
}

/** Remembers that the function stands for the method of this name. */
export function noteMethod(handler: object, prototype: object, name: string | symbol): void {
  const known = methodsOfFunction.get(handler) ?? [];
  if (known.some((one) => one.prototype === prototype && one.name === name)) return;
  methodsOfFunction.set(handler, [...known, { prototype, name }]);
}

/** Every method that the function is or was, of this class and of classes from which it was copied. */
export function methodsOf(handler: object, prototype: object): readonly HandlerMethod[] {
  noteMethods(prototype);
  for (const one of prototypesWithRules()) noteMethods(one);
  return methodsOfFunction.get(handler) ?? [];
}
