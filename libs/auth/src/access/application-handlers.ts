import { MetadataScanner } from '@nestjs/core';
import { noteMethod, noteMethods } from './handler-methods.js';
import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

export type Method = (...args: unknown[]) => unknown;

/** A method with metadata from a decorator, its class, and the instances of the class. */
export interface Handler {
  readonly name: string;
  readonly method: Method;
  readonly owner: Type;
  readonly instances: readonly Readonly<Record<string, unknown>>[];
}

/** Finds every handler of the application's controllers and providers. */
export function handlersOf(modules: ModulesContainer): Handler[] {
  const scanner = new MetadataScanner();
  const wrappers = [...modules.values()].flatMap(({ controllers, providers }) => [
    ...controllers.values(),
    ...providers.values(),
  ]);
  const instantiable = wrappers.filter(({ inject, isAlias }) => !inject && !isAlias);
  const instances = instantiable.map(({ instance }): unknown => instance);
  return [...new Set(instantiable.map(({ metatype }) => metatype))].flatMap((owner) => {
    if (typeof owner !== 'function' || typeof owner.prototype !== 'object') return [];
    const methods = owner.prototype as Record<string, Method>;
    const handlers = scanner
      .getAllMethodNames(methods)
      .map((name) => ({ name, method: methods[name]!, owner: owner as Type }))
      .filter(({ method }) => Reflect.getMetadataKeys(method).length > 0);
    if (handlers.length === 0) return [];
    // Most classes have no handler: only the others ask every instance.
    const own = instances.filter((value): value is Record<string, unknown> => value instanceof owner);
    return handlers.map((handler) => ({ ...handler, instances: own }));
  });
}

/** Applies the rules of a method to each function that an instance has under the name of the method. */
export function noteHandlers(handlers: readonly Handler[]): void {
  for (const { name, owner, instances } of handlers) {
    const prototype = owner.prototype as object;
    noteMethods(prototype);
    for (const { [name]: run } of instances) if (typeof run === 'function') noteMethod(run, prototype, name);
  }
}
