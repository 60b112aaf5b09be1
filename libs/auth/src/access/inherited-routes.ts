import type { Type } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { problemsOf, ApiProblems } from 'postern/problem';
import {
  FOR_SERVICES,
  hasOwnRule,
  lineageOf,
  NO_INVALID_TOKEN,
  OPTIONAL,
  ownMethod,
  OWN_ISSUER,
  PUBLIC,
  recordRule,
  SCOPES,
} from './access-rules.js';

const PARAMETER_TYPES = 'design:paramtypes';

type Method = (...parameters: never[]) => unknown;

/** Rules by class and method name. An override has them without a copy, or must not have them. */
const RULES: readonly unknown[] = [PUBLIC, OPTIONAL, NO_INVALID_TOKEN, SCOPES, OWN_ISSUER, FOR_SERVICES];

/**
 * Makes a method that overrides a route the same route: path, status, documentation, guards, and the classes that
 * validate its parameters, unless the override has its own. Nest keeps these with the function, so an override without
 * decorators is not a route.
 *
 * An override without its own route decorator also inherits `@Public()`, `@OptionalAuth()` and `@ForServices()`. An
 * override that repeats `@Get()` is its own route and needs its own. Scopes and `@OwnIssuerOnly()` apply to every
 * override, without this function.
 *
 * @returns the controller itself
 * @example
 * ```ts
 * class StaffController extends SessionsController {
 *   override async logout(principal: Principal) { … }
 * }
 * withInheritedRoutes(StaffController);
 * ```
 */
export function withInheritedRoutes<C extends Type>(controller: C): C {
  for (const prototype of lineageOf(controller.prototype as object).toReversed()) {
    const parent = Object.getPrototypeOf(prototype) as Record<string, unknown>;
    for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (name === 'constructor' || typeof descriptor.value !== 'function') continue;
      const inherited = parent[name];
      if (typeof inherited !== 'function' || !Reflect.hasMetadata(METHOD_METADATA, inherited)) continue;
      if (!Reflect.hasOwnMetadata(METHOD_METADATA, descriptor.value)) inheritOpening(prototype, name, descriptor);
      copyMetadata(descriptor.value as Method, inherited as Method);
      ApiProblems(...problemsOf(inherited))(prototype, name, descriptor);
      inheritTypes(prototype, parent, name);
    }
  }
  return controller;
}

function inheritOpening(prototype: object, name: string, descriptor: PropertyDescriptor): void {
  const owner = lineageOf(prototype)
    .slice(1)
    .find((type) => ownMethod(type, name) !== undefined);
  if (owner === undefined) return;
  for (const rule of [PUBLIC, OPTIONAL, NO_INVALID_TOKEN] as const) {
    if (hasOwnRule(rule, owner, name)) recordRule(rule)(prototype, name, descriptor);
  }
  if (hasOwnRule(FOR_SERVICES, owner, name) || hasOwnRule(FOR_SERVICES, owner)) {
    recordRule(FOR_SERVICES)(prototype, name, descriptor);
  }
}

function copyMetadata(own: Method, inherited: Method): void {
  for (const key of Reflect.getMetadataKeys(inherited) as unknown[]) {
    if (RULES.includes(key)) continue;
    if (!Reflect.hasOwnMetadata(key, own)) Reflect.defineMetadata(key, Reflect.getMetadata(key, inherited), own);
  }
}

/** If the parameter types of a decorated override are not classes, its parameters would not be validated. */
function inheritTypes(prototype: object, parent: object, name: string): void {
  const own = Reflect.getOwnMetadata(PARAMETER_TYPES, prototype, name) as unknown[] | undefined;
  const inherited = Reflect.getMetadata(PARAMETER_TYPES, parent, name) as unknown[] | undefined;
  if (own === undefined || inherited === undefined) return;
  const types = inherited.map((type, index) => (own[index] === undefined || own[index] === Object ? type : own[index]));
  Reflect.defineMetadata(PARAMETER_TYPES, [...types, ...own.slice(types.length)], prototype, name);
}
