import {
  FOR_SERVICES,
  hasOwnRule,
  lineageOf,
  ownMethod,
  ownMethodNames,
  ownScopes,
  OWN_ISSUER,
  PUBLIC,
  SCOPES,
  scopesOfFunction,
} from './access-rules.js';
import { methodsOf, methodsOfRoute } from './handler-methods.js';
import { hasGuard } from './guard-metadata.js';
import type { ExecutionContext } from '@nestjs/common';
import type { HandlerMethod } from './handler-methods.js';

/** A controller's class. */
type Controller = ReturnType<ExecutionContext['getClass']>;

/** A route's method. */
type Handler = ReturnType<ExecutionContext['getHandler']>;

/** The rules of a route. */
export interface RouteAccess {
  readonly isPublic: boolean;
  /** Every one of them is required. */
  readonly scopes: readonly string[];
  /** Whether tokens of further issuers are rejected. */
  readonly isOwnIssuerOnly: boolean;
  /** Whether a token without a session needs no user. */
  readonly isForServices: boolean;
  /** Whether `@UseGuards` puts the guard before the method, or before a method that it overrides. */
  readonly isGuardedMethod: boolean;
}

const known = new WeakMap<Controller, WeakMap<Handler, RouteAccess>>();

/**
 * The rules of the route, read from the decorators once and then from memory.
 *
 * @throws Error if the function is no method of the controller and some method of the controller has rules: the
 *   function may stand for that method
 */
export function routeAccess(handler: Handler, controller: Controller): RouteAccess {
  let routes = known.get(controller);
  if (routes === undefined) known.set(controller, (routes = new WeakMap()));
  let access = routes.get(handler);
  if (access === undefined) routes.set(handler, (access = readAccess(handler, controller)));
  return access;
}

/** Whether the guard lets everybody in. */
export function isPublic(handler: Handler, controller: Controller): boolean {
  return routeAccess(handler, controller).isPublic;
}

/** The scopes that the guard requires, each once. */
export function scopesOf(handler: Handler, controller: Controller): readonly string[] {
  return routeAccess(handler, controller).scopes;
}

function readAccess(handler: Handler, controller: Controller): RouteAccess {
  const prototype = (controller as Controller | undefined)?.prototype as object | undefined;
  // A proxy of the object may answer with anything when Nest asks for its class.
  if (typeof prototype !== 'object') throw unknownMethod(handler, controller);
  const lineage = lineageOf(prototype);
  const own = methodsOf(handler, prototype);
  const methods = (own.length > 0 ? own : methodsOfRoute(handler, lineage)).map((one) => levelsOf(one, lineage));
  // A class into which `constructor` was copied is shown to guards as this one.
  const alike = methods.filter(({ classes }) => classes[0]!.constructor === controller);
  if (methods.length === 0 && lineage.some(hasShutMethod)) throw unknownMethod(handler, controller);

  const classes = [...new Set([...alike.flatMap((method) => method.classes), ...lineage])].reverse();
  const ofController = classes.flatMap((one) => ownScopes(one));
  const isOwnController = classes.some((one) => hasOwnRule(OWN_ISSUER, one));

  const levels = methods
    .flatMap((method) => method.levels.map((one) => ({ prototype: one, name: method.name })))
    .reverse();
  const ofMethod = [...levels.flatMap((one) => ownScopes(one.prototype, one.name)), ...scopesOfFunction(handler)];
  const isOwnMethod =
    Reflect.hasMetadata(OWN_ISSUER, handler) || levels.some((one) => hasOwnRule(OWN_ISSUER, one.prototype, one.name));
  const isGuardedMethod = hasGuard(handler) || levels.some((one) => hasOwnGuard(one.prototype, one.name));

  // If two decorators contradict each other the nearer one counts, and on the same level the one that shuts.
  const isShutMethod = ofMethod.length > 0 || isOwnMethod || isGuardedMethod;
  const isOpenMethod = saysOfItself(PUBLIC, handler, methods) && !isShutMethod;
  const isOpenController =
    hasOwnRule(PUBLIC, prototype) && !isShutMethod && ofController.length === 0 && !isOwnController;
  return isOpenMethod || isOpenController
    ? { isPublic: true, scopes: [], isOwnIssuerOnly: false, isForServices: false, isGuardedMethod }
    : {
        isPublic: false,
        scopes: [...new Set([...ofController, ...ofMethod])],
        isOwnIssuerOnly: isOwnMethod || isOwnController,
        isForServices:
          hasOwnRule(FOR_SERVICES, prototype) ||
          saysOfItself(FOR_SERVICES, handler, methods) ||
          (methods.length > 0 && methods.every(({ owner }) => owner !== undefined && hasOwnRule(FOR_SERVICES, owner))),
        isGuardedMethod,
      };
}

/** A method with the classes that have a word in it, the most special first. */
interface MethodLevels {
  readonly name: string | symbol;
  /** All classes of its lineage. */
  readonly classes: readonly object[];
  /** Those that have the method, or a rule for it. */
  readonly levels: readonly object[];
  /** The one whose method Nest runs. */
  readonly owner: object | undefined;
}

function levelsOf({ prototype, name }: HandlerMethod, lineage: readonly object[]): MethodLevels {
  const classes = lineage.includes(prototype) ? lineage : lineageOf(prototype);
  const levels = classes.filter((one) => ownMethodNames(one).includes(name));
  return { name, classes, levels, owner: levels.find((one) => ownMethod(one, name) !== undefined) };
}

/** Whether the method that Nest runs has the rule, and not only a method that it overrides. */
function saysOfItself(rule: typeof PUBLIC | typeof FOR_SERVICES, handler: Handler, methods: MethodLevels[]): boolean {
  if (Reflect.hasMetadata(rule, handler)) return true;
  return (
    methods.length > 0 &&
    methods.every(({ name, levels, owner }) =>
      levels.slice(0, levels.indexOf(owner!) + 1).some((one) => hasOwnRule(rule, one, name)),
    )
  );
}

function hasShutMethod(prototype: object): boolean {
  return ownMethodNames(prototype).some(
    (name) =>
      hasOwnRule(SCOPES, prototype, name) || hasOwnRule(OWN_ISSUER, prototype, name) || hasOwnGuard(prototype, name),
  );
}

function hasOwnGuard(prototype: object, name: string | symbol): boolean {
  const method = ownMethod(prototype, name);
  return method !== undefined && hasGuard(method);
}

function unknownMethod(handler: Handler, controller: Controller | undefined): Error {
  return new Error(
    `AuthModule: ${controller?.name || 'a class without a name'} runs the function "${handler.name}", which is none of ` +
      'its methods, so that the rules of the method are unknown. Declare the handler as a method. Do not assign it as ' +
      'a property, bind it in the constructor, or return a proxy of the object.',
  );
}

/**
 * Whether a token is needed for the route, by what the guard itself reads: an API document made from it cannot drift.
 *
 * @param isGlobal whether the guard stands before every route (`AuthModule.forRoot({ global })`); otherwise only where
 *   `@UseGuards(JwtAuthGuard)` puts it
 */
export function isGuarded(
  handler: Parameters<typeof isPublic>[0],
  controller: Parameters<typeof isPublic>[1],
  isGlobal = true,
): boolean {
  if (isPublic(handler, controller)) return false;
  return isGlobal || [handler, controller].some(hasGuard);
}
