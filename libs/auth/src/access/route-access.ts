import {
  ANY_PERMISSION,
  FOR_SERVICES,
  hasOwnRule,
  isDecoratedWith,
  lineageOf,
  NO_IMPERSONATION,
  NO_INVALID_TOKEN,
  OPTIONAL,
  ownMethod,
  ownMethodNames,
  ownValues,
  OWN_ISSUER,
  PERMISSIONS,
  POLICIES,
  PUBLIC,
  ROLES,
  SCOPES,
  valuesOfFunction,
} from './access-rules.js';
import { methodsOf, methodsOfRoute } from './handler-methods.js';
import { decidingLevelsOf, levelsOf, saysOfItself } from './method-levels.js';
import { hasGuard } from './guard-metadata.js';
import type { ExecutionContext, Type } from '@nestjs/common';
import type { Rule } from './access-rules.js';
import type { Policy } from '../permissions/policy.js';

type Controller = ReturnType<ExecutionContext['getClass']>;

type Handler = ReturnType<ExecutionContext['getHandler']>;

/** The rights that a route requires of a principal. */
export interface RequiredRights {
  /** The token needs all of these scopes. */
  readonly scopes: readonly string[];
  /** The principal needs all of these permissions. */
  readonly permissions: readonly string[];
  /** The principal needs one permission of each list. */
  readonly anyPermission: readonly (readonly string[])[];
  /** The user needs one role of each list. */
  readonly roles: readonly (readonly string[])[];
  /** Every policy must allow the request. */
  readonly policies: readonly Type<Policy>[];
}

/** The rules of a route. */
export interface RouteAccess extends RequiredRights {
  readonly isPublic: boolean;
  /** Whether a request without a token is accepted, too. All other rules apply to a request with a token. */
  readonly isOptional: boolean;
  /** Whether an optional route treats an invalid token as no token. */
  readonly ignoresInvalidTokens: boolean;
  /** Whether the route requires more than a valid token. */
  readonly hasRights: boolean;
  /** Whether tokens of additional issuers are rejected. */
  readonly isOwnIssuerOnly: boolean;
  /** Whether a token by which an administrator acts as the user is rejected. */
  readonly isWithoutImpersonation: boolean;
  /** Whether a token without a session needs no user. */
  readonly isForServices: boolean;
  /** Whether `@UseGuards` applies the guard to the method, or to a method that it overrides. */
  readonly isGuardedMethod: boolean;
}

const accessOf = new WeakMap<Controller, WeakMap<Handler, RouteAccess>>();

/**
 * Returns the rules of the route. It reads the decorators once and caches the result.
 *
 * @throws Error if the function is not a method of the controller and some method of the controller has rules: the
 *   function may have replaced that method
 */
export function routeAccess(handler: Handler, controller: Controller): RouteAccess {
  let routes = accessOf.get(controller);
  if (routes === undefined) accessOf.set(controller, (routes = new WeakMap()));
  let access = routes.get(handler);
  if (access === undefined) routes.set(handler, (access = readAccess(handler, controller)));
  return access;
}

/** Whether the guard accepts requests without a token. */
export function isPublic(handler: Handler, controller: Controller): boolean {
  return routeAccess(handler, controller).isPublic;
}

/** Whether the guard accepts requests without a token and verifies the token of other requests: `@OptionalAuth()`. */
export function isOptional(handler: Handler, controller: Controller): boolean {
  return routeAccess(handler, controller).isOptional;
}

/** The scopes that the guard requires, each once. */
export function scopesOf(handler: Handler, controller: Controller): readonly string[] {
  return routeAccess(handler, controller).scopes;
}

/** The rights that the guard requires, each scope and permission once, and whether `@NoImpersonation()` applies. */
export function rightsOf(
  handler: Handler,
  controller: Controller,
): RequiredRights & Pick<RouteAccess, 'isWithoutImpersonation'> {
  return routeAccess(handler, controller);
}

const RULE_OF = {
  scopes: SCOPES,
  permissions: PERMISSIONS,
  anyPermission: ANY_PERMISSION,
  roles: ROLES,
  policies: POLICIES,
} as const;

/** The rules that require more than a valid token. */
const STRICT_RULES: readonly Rule[] = [...Object.values(RULE_OF), OWN_ISSUER, NO_IMPERSONATION];

const NO_RIGHTS: RequiredRights = { scopes: [], permissions: [], anyPermission: [], roles: [], policies: [] };

/** Collects the values of each rule, each once. */
function rightsFrom(valuesOf: (right: keyof RequiredRights) => readonly unknown[]): RequiredRights {
  const rights = Object.keys(RULE_OF).map((right) => [right, [...new Set(valuesOf(right as keyof RequiredRights))]]);
  return Object.fromEntries(rights) as RequiredRights;
}

function isRequired(rights: RequiredRights): boolean {
  return Object.keys(RULE_OF).some((right) => rights[right as keyof RequiredRights].length > 0);
}

function readAccess(handler: Handler, controller: Controller): RouteAccess {
  const prototype = (controller as Controller | undefined)?.prototype as object | undefined;
  // A proxy of the object may return any value when Nest reads its class.
  if (typeof prototype !== 'object') throw unknownMethod(handler, controller);
  const lineage = lineageOf(prototype);
  const own = methodsOf(handler, prototype);
  const methods = (own.length > 0 ? own : methodsOfRoute(handler, lineage)).map((method) => levelsOf(method, lineage));
  // Nest passes this class to guards also for a class into which `constructor` was copied.
  const alike = methods.filter(({ classes }) => classes[0]!.constructor === controller);
  if (methods.length === 0 && lineage.some(hasShutMethod)) throw unknownMethod(handler, controller);

  const classes = [...new Set([...alike.flatMap((method) => method.classes), ...lineage])].reverse();
  const ofController = rightsFrom((right) => classes.flatMap((type) => ownValues(RULE_OF[right], type)));
  const isOnController = (rule: Rule): boolean => classes.some((type) => hasOwnRule(rule, type));
  const isStrictController = isOnController(OWN_ISSUER) || isOnController(NO_IMPERSONATION);

  const levels = methods
    .flatMap((method) => method.levels.map((type) => ({ prototype: type, name: method.name })))
    .reverse();
  const ofMethod = rightsFrom((right) => [
    ...levels.flatMap((level) => ownValues(RULE_OF[right], level.prototype, level.name)),
    ...valuesOfFunction(RULE_OF[right], handler),
  ]);
  const isOnMethod = (rule: Rule): boolean =>
    Reflect.hasMetadata(rule, handler) || levels.some((level) => hasOwnRule(rule, level.prototype, level.name));
  const isStrictMethod = isOnMethod(OWN_ISSUER) || isOnMethod(NO_IMPERSONATION);
  const isGuardedMethod = hasGuard(handler) || levels.some((level) => hasOwnGuard(level.prototype, level.name));

  // If two decorators contradict each other, the one closer to the method wins; on the same level, the stricter one.
  const isShutMethod = isRequired(ofMethod) || isStrictMethod || isGuardedMethod;
  const isOpenMethod = saysOfItself(PUBLIC, handler, methods) && !isShutMethod;
  const isOpenController =
    hasOwnRule(PUBLIC, prototype) && !isShutMethod && !isRequired(ofController) && !isStrictController;
  const rights = rightsFrom((right) => [...ofController[right], ...ofMethod[right]]);

  // The rules beside `@OptionalAuth` apply to requests with a token. Those of another level require a token.
  const isOptionalMethod =
    saysOfItself(OPTIONAL, handler, methods) &&
    levels.every(
      (level) => !isShut(level.prototype, level.name) || isDecoratedWith(OPTIONAL, level.prototype, level.name),
    );
  const isOptionalController =
    hasOwnRule(OPTIONAL, prototype) &&
    !isShutMethod &&
    !isOpenMethod &&
    classes.every((type) => !hasClassRule(type) || hasOwnRule(OPTIONAL, type));
  const isOptionalRoute = isOptionalMethod || isOptionalController;
  const isInvalidRejected = isOptionalMethod
    ? Reflect.hasMetadata(NO_INVALID_TOKEN, handler) ||
      methods.some((method) => decidingLevelsOf(method).some((type) => hasOwnRule(NO_INVALID_TOKEN, type, method.name)))
    : hasOwnRule(NO_INVALID_TOKEN, prototype);

  return !isOptionalRoute && (isOpenMethod || isOpenController)
    ? {
        ...NO_RIGHTS,
        isPublic: true,
        isOptional: false,
        ignoresInvalidTokens: false,
        hasRights: false,
        isOwnIssuerOnly: false,
        isWithoutImpersonation: false,
        isForServices: false,
        isGuardedMethod,
      }
    : {
        ...rights,
        isPublic: false,
        isOptional: isOptionalRoute,
        ignoresInvalidTokens: isOptionalRoute && !isInvalidRejected,
        hasRights: isRequired(rights) || isStrictMethod || isStrictController,
        isOwnIssuerOnly: isOnMethod(OWN_ISSUER) || isOnController(OWN_ISSUER),
        isWithoutImpersonation: isOnMethod(NO_IMPERSONATION) || isOnController(NO_IMPERSONATION),
        isForServices:
          hasOwnRule(FOR_SERVICES, prototype) ||
          saysOfItself(FOR_SERVICES, handler, methods) ||
          (methods.length > 0 && methods.every(({ owner }) => owner !== undefined && hasOwnRule(FOR_SERVICES, owner))),
        isGuardedMethod,
      };
}

function hasShutMethod(prototype: object): boolean {
  return ownMethodNames(prototype).some((name) => isShut(prototype, name));
}

/** Whether the class has a rule for its method that requires a token. */
function isShut(prototype: object, name: string | symbol): boolean {
  return STRICT_RULES.some((rule) => hasOwnRule(rule, prototype, name)) || hasOwnGuard(prototype, name);
}

/** Whether the class requires more than a valid token. */
function hasClassRule(type: object): boolean {
  return STRICT_RULES.some((rule) => hasOwnRule(rule, type));
}

function hasOwnGuard(prototype: object, name: string | symbol): boolean {
  const method = ownMethod(prototype, name);
  return method !== undefined && hasGuard(method);
}

function unknownMethod(handler: Handler, controller: Controller | undefined): Error {
  return new Error(
    `AuthModule: ${controller?.name || 'a class without a name'} runs the function "${handler.name}", which is not one of ` +
      'its methods, so the rules of the method are unknown. Declare the handler as a method. Do not assign it as ' +
      'a property, bind it in the constructor, or return a proxy of the object.',
  );
}

/**
 * Whether the route needs a token. It reads the same rules as the guard, so an API document that uses it stays correct.
 *
 * @param isGlobal whether the guard applies to every route (`AuthModule.forRoot({ global })`), or only to routes with
 *   `@UseGuards(JwtAuthGuard)`
 */
export function isGuarded(
  handler: Parameters<typeof isPublic>[0],
  controller: Parameters<typeof isPublic>[1],
  isGlobal = true,
): boolean {
  if (isPublic(handler, controller)) return false;
  return isGlobal || [handler, controller].some(hasGuard);
}
