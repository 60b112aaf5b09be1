import { VersioningType } from '@nestjs/common';
import type { INestApplication, Type } from '@nestjs/common';
import { METHOD_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import { ApplicationConfig, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { isGuarded, JwtAuthGuard, scopesOf } from 'postern/auth';
import { problemsOf } from 'postern/problem';
import type { AuthError } from 'postern/problem';

type Handler = (...parameters: unknown[]) => unknown;

/** Where `@ApiOperation` keeps what it is told. */
const OPERATION_METADATA = 'swagger/apiOperation';

/** What the running application knows of one route, read from the metadata that the application itself obeys. */
export interface DescribedRoute {
  /** The name of the controller's class. */
  readonly controller: string;
  readonly method: string;
  /**
   * What `@ApiOperation` says, else the method's name; where several have that name, the controller's before it, as in
   * `employeesFindAll`. Unique over the application.
   */
  readonly operationId: string;
  /** Whether its path names one of several versions. */
  readonly hasVersions: boolean;
  /** Undefined where the route is open; otherwise the scopes that the guard asks for. */
  readonly guardedBy: { readonly scopes: readonly string[] } | undefined;
  /** As `@ApiProblems` states them: classes, or instances whose example says more. */
  readonly refusals: readonly (Type<AuthError> | AuthError)[];
}

/**
 * Every route of the application.
 *
 * @throws Error when two routes cannot be told apart: a client generated from the document could not either
 */
export function routesOf(app: INestApplication): readonly DescribedRoute[] {
  const application = app.get(ApplicationConfig);
  const versioning = application.getVersioning();
  const isGlobal = application.getGlobalGuards().some((guard) => guard instanceof JwtAuthGuard);
  const found = [...controllersOf(app)].flatMap((controller) =>
    handlersOf(controller).map(([method, handler]) => ({ controller, method, handler, told: toldIdOf(handler) })),
  );
  const taken = new Map<string, number>();
  for (const { method, told = method } of found) taken.set(told, (taken.get(told) ?? 0) + 1);
  const routes = found.map(({ controller, method, handler, told }) => ({
    controller: controller.name,
    method,
    operationId: told ?? ((taken.get(method) ?? 0) > 1 ? `${stemOf(controller)}${capitalised(method)}` : method),
    hasVersions:
      versioning?.type === VersioningType.URI &&
      [versionOf(handler) ?? versionOf(controller) ?? versioning.defaultVersion].flat().length > 1,
    guardedBy: isGuarded(handler, controller, isGlobal) ? { scopes: scopesOf(handler, controller) } : undefined,
    refusals: problemsOf(controller, handler),
  }));
  assertDistinct(routes);
  return routes;
}

/**
 * Gives each handler the name of its method. Swagger finds an operation by the name of the function, and a decorator that
 * wraps the method leaves a function of another name.
 */
export function nameHandlers(app: INestApplication): void {
  for (const controller of controllersOf(app)) {
    for (const [name, handler] of handlersOf(controller)) {
      if (handler.name !== name) Reflect.defineProperty(handler, 'name', { value: name, configurable: true });
    }
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

function toldIdOf(handler: Handler): string | undefined {
  return (Reflect.getMetadata(OPERATION_METADATA, handler) as { operationId?: string } | undefined)?.operationId;
}

/** One, a list of them, or none. */
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
        `Two routes are named ${operationId}, ${other.controller}.${other.method} and ${controller}.${method}: give one of ` +
          'them another name, or a class whose name no other controller has.',
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
