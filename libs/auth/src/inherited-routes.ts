import type { Type } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { refusalsOf, Refuses } from 'postern/problem';

const PARAMETER_TYPES = 'design:paramtypes';

type Method = (...parameters: never[]) => unknown;

/**
 * Gives a method that overrides a route what the decorators of that route say, as far as it says nothing of its own: path,
 * scopes, status, documentation, and the classes by which its parameters are validated. Nest keeps these with the
 * function, so that without this an override is no route any more, or one that forgets its scopes and its validation.
 *
 * @returns the controller itself
 * @example
 * class StaffController extends SessionsController {
 *   override async logout(principal: Principal) { … }
 * }
 * withInheritedRoutes(StaffController);
 */
export function withInheritedRoutes<C extends Type>(controller: C): C {
  for (const prototype of prototypesOf(controller)) {
    const parent = Object.getPrototypeOf(prototype) as Record<string, unknown>;
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name === 'constructor' || typeof descriptor.value !== 'function') continue;
      const inherited = parent[name];
      if (typeof inherited !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, inherited)) continue;
      inheritWords(descriptor.value as Method, inherited as Method);
      Refuses(...refusalsOf(inherited))(prototype, name, descriptor);
      inheritTypes(prototype, parent, name);
    }
  }
  return controller;
}

/** The prototypes of the class and of what it extends, the most general first. */
function prototypesOf(controller: Type): object[] {
  const prototypes: object[] = [];
  let prototype = controller.prototype as object;
  for (; prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype) as object) {
    prototypes.unshift(prototype);
  }
  return prototypes;
}

function inheritWords(own: Method, inherited: Method): void {
  for (const key of Reflect.getMetadataKeys(inherited) as unknown[]) {
    if (!Reflect.hasOwnMetadata(key, own)) Reflect.defineMetadata(key, Reflect.getMetadata(key, inherited), own);
  }
}

/** A decorated override whose parameters have types without a class would be handed whatever was sent. */
function inheritTypes(prototype: object, parent: object, name: string): void {
  const own = Reflect.getOwnMetadata(PARAMETER_TYPES, prototype, name) as unknown[] | undefined;
  const inherited = Reflect.getMetadata(PARAMETER_TYPES, parent, name) as unknown[] | undefined;
  if (own === undefined || inherited === undefined) return;
  const types = inherited.map((type, index) => (own[index] === undefined || own[index] === Object ? type : own[index]));
  Reflect.defineMetadata(PARAMETER_TYPES, [...types, ...own.slice(types.length)], prototype, name);
}
