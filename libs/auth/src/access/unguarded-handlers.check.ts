import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import { ModuleRef, ModulesContainer } from '@nestjs/core';
import { lineageOf } from './access-rules.js';
import { handlersOf, noteHandlers } from './application-handlers.js';
import { GUARD_IS_GLOBAL, hasGuard, MESSAGE_PATTERN } from './guard-metadata.js';
import { JwtAuthGuard } from '../guard/jwt-auth.guard.js';
import { isPublic, routeAccess } from './route-access.js';
import type { OnModuleInit, Type } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import type { Handler, Method } from './application-handlers.js';

/** The metadata of `@ResolveField`, and the token of the options of `GraphQLModule`. The package is optional. */
const FIELD_RESOLVER = 'graphql:resolve_property';
const GRAPHQL_OPTIONS = 'GqlModuleOptions';

/** Metadata that Nest reads from the class, or that only the documentation reads. */
const CLASS_METADATA = new RegExp(
  `^(?:${PATH_METADATA}|${METHOD_METADATA}|${VERSION_METADATA}|swagger/.*|microservices:.*)$`,
);

/** Fails the start if a handler seems guarded and is not. */
@Injectable()
export class UnguardedHandlersCheck implements OnModuleInit {
  constructor(
    @Inject(GUARD_IS_GLOBAL) private readonly isGlobal: boolean,
    private readonly modules: ModulesContainer,
    private readonly module: ModuleRef,
  ) {
    // The router reads the methods before `onModuleInit`, in which tracing may replace them.
    noteHandlers(this.handlers());
  }

  /** @throws Error that names the handlers and the fix */
  onModuleInit(): void {
    const { applicationConfig } = this.module['container'];
    // A context without a server has no requests.
    if (applicationConfig === undefined) return;
    noteHandlers(this.handlers());
    this.assertMethodsAreRun();
    this.assertClassesAreSeen();
    if (!this.isGlobal && !isGuardedGlobally(applicationConfig)) {
      this.assertScopesAreRead();
      this.assertGuardsAreRun();
    }
    if (this.isGraphqlUnguardedBelow()) this.assertFieldsAreOpen();
  }

  /** Nest reads the route from the class, and the guards and the status from the function that the instance has. */
  private assertMethodsAreRun(): void {
    const lost = this.handlers().filter(({ name, method, owner, instances }) => {
      const isRun =
        [METHOD_METADATA, MESSAGE_PATTERN].some((key) => Reflect.hasMetadata(key, method)) || hasGuard(method);
      return isRun && instances.some(({ [name]: run }) => dropsMetadata(method, run) || isUnknown(run, owner));
    });
    if (lost.length === 0) return;
    throw new Error(
      `AuthModule: ${namesOf(lost)} is assigned as a property or bound in the constructor, so Nest loses its decorators ` +
        '(scopes, guards, status). Declare it as a method and do not bind it.',
    );
  }

  /** Nest passes the `constructor` of the instance to guards. A mixin may have overwritten it. */
  private assertClassesAreSeen(): void {
    for (const { name, method, owner } of this.handlers()) {
      const seen = (owner.prototype as { constructor: unknown }).constructor as Type;
      if (seen === owner || isSameAccess(method, owner, seen)) continue;
      throw new Error(
        `AuthModule: ${owner.name}.prototype.constructor is ${seen?.name}, so guards would read the rules of ` +
          `${seen?.name} for ${owner.name}.${name}. Do not copy "constructor" when you mix classes.`,
      );
    }
  }

  private assertScopesAreRead(): void {
    const open = this.handlers().filter((handler) => hasAccessRules(handler) && !isGuardedItself(handler));
    if (open.length === 0) return;
    throw new Error(
      `AuthModule: ${namesOf(open)} has ${decoratorOf(open)} but no guard that reads it, because of "global: false". Put ` +
        '@UseGuards(JwtAuthGuard), or your subclass of it, on the method or its class.',
    );
  }

  /** Nest reads the guards of the function and of the class that run, and ignores those that they replace. */
  private assertGuardsAreRun(): void {
    const open = this.handlers().filter((handler) => isMeantToBeGuarded(handler) && !isGuardedItself(handler));
    if (open.length === 0) return;
    throw new Error(
      `AuthModule: @UseGuards(JwtAuthGuard) is lost for ${namesOf(open)}, which overrides a method or wraps a class that ` +
        'has it. With "global: false" Nest runs no guard there. Repeat @UseGuards(JwtAuthGuard), or your subclass of ' +
        'it, on the overriding method, or above the decorator that replaces the class.',
    );
  }

  /**
   * Every operation that returns an object resolves its fields, and Nest runs no guard for a field by default.
   */
  private assertFieldsAreOpen(): void {
    const open = this.handlers().filter((handler) => {
      const isField = Reflect.getMetadata(FIELD_RESOLVER, handler.method) === true;
      return (
        isField && !isPublic(handler.method, handler.owner) && (hasAccessRules(handler) || isGuardedItself(handler))
      );
    });
    if (open.length === 0) return;
    throw new Error(
      `AuthModule: ${namesOf(open)} seems guarded and is not, because Nest runs no guard for a GraphQL field by default. ` +
        `Write "fieldResolverEnhancers: ['guards', 'filters']" into the options of GraphQLModule. Or put the guard and the ` +
        'scopes on the operations instead of the field, and @Public() on the field if they are on the class.',
    );
  }

  private isGraphqlUnguardedBelow(): boolean {
    return [...this.modules.values()].some(({ providers }) => {
      const options = providers.get(GRAPHQL_OPTIONS)?.instance as { fieldResolverEnhancers?: string[] } | undefined;
      return options !== undefined && options.fieldResolverEnhancers?.includes('guards') !== true;
    });
  }

  private handlers(): Handler[] {
    return handlersOf(this.modules);
  }
}

function isGuardedGlobally(application: ApplicationConfig): boolean {
  const ofRequests = application.getGlobalRequestGuards().map(({ metatype }) => metatype?.prototype as unknown);
  return [...application.getGlobalGuards(), ...ofRequests].some((guard) => guard instanceof JwtAuthGuard);
}

function dropsMetadata(method: Method, run: unknown): boolean {
  if (run === method || typeof run !== 'function') return false;
  const keys = Reflect.getMetadataKeys(method) as unknown[];
  return keys.some((key) => !CLASS_METADATA.test(String(key)) && !Reflect.hasMetadata(key, run));
}

function isGuardedItself({ method, owner }: Handler): boolean {
  return hasGuard(method) || hasGuard(owner);
}

/** Whether the guard would do more than to require a valid token. */
function hasAccessRules({ method, owner }: Handler): boolean {
  const { hasRights, isOptional } = routeAccess(method, owner);
  return hasRights || isOptional;
}

function isMeantToBeGuarded({ method, owner }: Handler): boolean {
  const { isGuardedMethod } = routeAccess(method, owner);
  return isGuardedMethod || lineageOf(owner.prototype as object).some(({ constructor }) => hasGuard(constructor));
}

function decoratorOf(handlers: readonly Handler[]): string {
  const rules = handlers.map(({ method, owner }) => routeAccess(method, owner));
  if (rules.some(({ scopes }) => scopes.length > 0)) return '@RequireScopes';
  if (rules.some(({ permissions }) => permissions.length > 0)) return '@RequirePermissions';
  if (rules.some(({ anyPermission }) => anyPermission.length > 0)) return '@RequireAnyPermission';
  if (rules.some(({ roles }) => roles.length > 0)) return '@RequireRoles';
  if (rules.some(({ policies }) => policies.length > 0)) return '@UsePolicy';
  if (rules.some(({ isWithoutImpersonation }) => isWithoutImpersonation)) return '@NoImpersonation';
  return rules.some(({ isOwnIssuerOnly }) => isOwnIssuerOnly) ? '@OwnIssuerOnly' : '@OptionalAuth';
}

/** Whether the rules of the function are unknown: a proxy of the object may return another function at each read. */
function isUnknown(run: unknown, owner: Type): boolean {
  try {
    return typeof run === 'function' && routeAccess(run, owner) === undefined;
  } catch {
    return true;
  }
}

function isSameAccess(method: Method, owner: Type, seen: Type): boolean {
  try {
    return isDeepStrictEqual(routeAccess(method, owner), routeAccess(method, seen));
  } catch {
    return false;
  }
}

function namesOf(handlers: readonly Handler[]): string {
  return [...new Set(handlers.map(({ owner, name }) => `${owner.name}.${name}`))].join(', ');
}
