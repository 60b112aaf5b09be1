import { VersioningType } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { GUARDS_METADATA, METHOD_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import { ApplicationConfig, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { ApiExcludeController } from '@nestjs/swagger';
import { DevelopmentOnlyGuard } from 'postern/accounts';
import { isGuarded, isOptional, JwtAuthGuard, rightsOf } from 'postern/auth';
import type { RequiredRights } from 'postern/auth';
import { CheckedMailSettings } from 'postern/mail';
import { problemsOf } from 'postern/problem';
import type { AuthError } from 'postern/problem';

type Handler = (...parameters: unknown[]) => unknown;

/** The metadata key of `@ApiOperation`. */
const OPERATION_METADATA = 'swagger/apiOperation';

/** A route of the running application, read from the metadata that the application uses. */
export interface DescribedRoute {
  /** The name of the controller's class. */
  readonly controller: string;
  readonly method: string;
  /**
   * The id of `@ApiOperation`, or the name of the method. If several methods have the name, the name of the controller
   * precedes it, as in `employeesFindAll`. Unique in the application.
   */
  readonly operationId: string;
  /** Whether the route has several versions in its path. */
  readonly hasVersions: boolean;
  /** The rights that the guard requires, and whether a token is optional; undefined if the route is public. */
  readonly guardedBy: GuardRules | undefined;
  /** The errors of `@ApiProblems`: classes, or instances with a more specific example. */
  readonly errors: readonly (Type<AuthError> | AuthError)[];
}

/** The rules of the guard for a route. */
export type GuardRules = RequiredRights & { readonly isOptional: boolean; readonly isWithoutImpersonation: boolean };

/**
 * Returns every route of the application.
 *
 * @throws Error if two routes have the same operationId, which a generated client could not distinguish
 */
export function routesOf(app: INestApplication): readonly DescribedRoute[] {
  const application = app.get(ApplicationConfig);
  const versioning = application.getVersioning();
  const isGlobal = application.getGlobalGuards().some((guard) => guard instanceof JwtAuthGuard);
  const found = [...controllersOf(app)].flatMap((controller) =>
    handlersOf(controller).map(([method, handler]) => ({
      controller,
      method,
      handler,
      explicitId: explicitIdOf(handler),
    })),
  );
  const taken = new Map<string, number>();
  for (const { method, explicitId: id = method } of found) taken.set(id, (taken.get(id) ?? 0) + 1);
  const routes = found.map(({ controller, method, handler, explicitId }) => ({
    controller: controller.name,
    method,
    operationId: explicitId ?? ((taken.get(method) ?? 0) > 1 ? `${stemOf(controller)}${capitalised(method)}` : method),
    hasVersions:
      versioning?.type === VersioningType.URI &&
      [versionOf(handler) ?? versionOf(controller) ?? versioning.defaultVersion].flat().length > 1,
    guardedBy: isGuarded(handler, controller, isGlobal)
      ? { ...rightsOf(handler, controller), isOptional: isOptional(handler, controller) }
      : undefined,
    errors: problemsOf(controller, handler),
  }));
  assertDistinct(routes);
  return routes;
}

/**
 * Gives each handler the name of its method. Swagger finds an operation by the name of the function, and a decorator
 * that wraps the method changes the name.
 */
export function nameHandlers(app: INestApplication): void {
  for (const controller of controllersOf(app)) {
    for (const [name, handler] of handlersOf(controller)) {
      if (handler.name !== name) Reflect.defineProperty(handler, 'name', { value: name, configurable: true });
    }
  }
}

/** Removes the controllers of routes that do not exist in production from the document of a server in production. */
export function excludeDevelopmentRoutes(app: INestApplication): void {
  for (const controller of controllersOf(app)) {
    const guards = (Reflect.getMetadata(GUARDS_METADATA, controller) ?? []) as unknown[];
    if (!guards.includes(DevelopmentOnlyGuard)) continue;
    // The guard injects these settings, so they exist.
    if (app.get(CheckedMailSettings, { strict: false }).production) ApiExcludeController()(controller);
  }
}

function controllersOf(app: INestApplication): ReadonlySet<Type> {
  const controllers = new Set<Type>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype, instance } of module.controllers.values()) {
      if (typeof metatype === 'function' && instance !== undefined) controllers.add(metatype as Type);
    }
  }
  return controllers;
}

function handlersOf(controller: Type): [string, Handler][] {
  const prototype = controller.prototype as Record<string, Handler>;
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .map((name): [string, Handler] => [name, prototype[name]!])
    .filter(([, handler]) => Reflect.hasMetadata(METHOD_METADATA, handler));
}

function explicitIdOf(handler: Handler): string | undefined {
  return (Reflect.getMetadata(OPERATION_METADATA, handler) as { operationId?: string } | undefined)?.operationId;
}

/** Returns one version, a list of versions, or undefined. */
function versionOf(routed: object): unknown {
  return Reflect.getMetadata(VERSION_METADATA, routed);
}

function assertDistinct(routes: readonly DescribedRoute[]): void {
  const known = new Map<string, DescribedRoute>();
  for (const route of routes) {
    const { controller, method, operationId } = route;
    const other = known.get(operationId) ?? known.get(`${controller}.${method}`);
    if (other) {
      throw new Error(
        `Two routes are named ${operationId}, ${other.controller}.${other.method} and ${controller}.${method}: rename one of ` +
          'the methods, or give each controller class a unique name.',
      );
    }
    known.set(operationId, route).set(`${controller}.${method}`, route);
  }
}

function stemOf({ name }: Type): string {
  const stem = name.replace(/Controller$/, '') || name;
  return stem.charAt(0).toLowerCase() + stem.slice(1);
}

export function capitalised(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
