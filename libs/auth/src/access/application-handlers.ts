import { MetadataScanner } from '@nestjs/core';
import { noteMethod, noteMethods } from './handler-methods.js';
import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

export type Method = (...args: unknown[]) => unknown;

/** A method that some decorator has marked, its class, and the objects that exist of the class. */
export interface Handler {
  readonly name: string;
  readonly method: Method;
  readonly owner: Type;
  readonly instances: readonly Readonly<Record<string, unknown>>[];
}

/** Every handler of the application's controllers and providers. */
export function handlersOf(modules: ModulesContainer): Handler[] {
  const scanner = new MetadataScanner();
  const wrappers = [...modules.values()].flatMap(({ controllers, providers }) => [
    ...controllers.values(),
    ...providers.values(),
  ]);
  const made = wrappers.filter(({ inject, isAlias }) => !inject && !isAlias);
  return [...new Set(made.map(({ metatype }) => metatype))].flatMap((owner) => {
    if (typeof owner !== 'function' || typeof owner.prototype !== 'object') return [];
    const methods = owner.prototype as Record<string, Method>;
    const instances = made
      .map(({ instance }): unknown => instance)
      .filter((one): one is Record<string, unknown> => one instanceof owner);
    return scanner
      .getAllMethodNames(methods)
      .map((name) => ({ name, method: methods[name]!, owner: owner as Type, instances }))
      .filter(({ method }) => Reflect.getMetadataKeys(method).length > 0);
  });
}

/** Makes the rules of a method hold for each function that an object has in its place. */
export function noteHandlers(handlers: readonly Handler[]): void {
  for (const { name, owner, instances } of handlers) {
    const prototype = owner.prototype as object;
    noteMethods(prototype);
    for (const { [name]: run } of instances) if (typeof run === 'function') noteMethod(run, prototype, name);
  }
}
