import type { INestApplication, Type } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { ApplicationConfig, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { isGuarded, JwtAuthGuard, scopesOf } from 'postern/auth';
import { type AuthError, refusalsOf } from 'postern/problem';

/** What the running application knows of one route, read from the metadata that the application itself obeys. */
export interface DescribedRoute {
  /** The method's name: the operationId, unique over the application. */
  readonly operationId: string;
  /** Undefined where the route is open; otherwise the scopes that the guard asks for. */
  readonly guardedBy: { readonly scopes: readonly string[] } | undefined;
  /** As `@Refuses` states them: classes, or instances whose example says more. */
  readonly refusals: readonly (Type<AuthError> | AuthError)[];
}

/**
 * Every route of the application by its operationId.
 *
 * @throws Error when two routes share a name: a client generated from the document could not tell them apart
 */
export function routesOf(app: INestApplication): ReadonlyMap<string, DescribedRoute> {
  const scanner = new MetadataScanner();
  const isGlobal = app
    .get(ApplicationConfig)
    .getGlobalGuards()
    .some((guard) => guard instanceof JwtAuthGuard);
  const routes = new Map<string, DescribedRoute>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype, instance } of module.controllers.values()) {
      if (typeof metatype !== 'function' || instance === undefined) continue;
      const controller = metatype as Type<unknown>;
      const prototype = controller.prototype as Record<string, (...parameters: unknown[]) => unknown>;
      for (const name of scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name]!;
        if (Reflect.getMetadata(METHOD_METADATA, handler) === undefined) continue;
        if (routes.has(name))
          throw new Error(`Two routes are named ${name}: give ${controller.name}.${name} another name.`);
        routes.set(name, {
          operationId: name,
          guardedBy: isGuarded(handler, controller, isGlobal) ? { scopes: scopesOf(handler, controller) } : undefined,
          refusals: refusalsOf(controller, handler),
        });
      }
    }
  }
  return routes;
}
