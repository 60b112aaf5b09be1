import { isDeepStrictEqual } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA, VERSION_METADATA } from '@nestjs/common/constants.js';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { lineageOf } from './access-rules.js';
import { handlersOf, noteHandlers } from './application-handlers.js';
import { hasGuard } from './guard-metadata.js';
import { JwtAuthGuard } from '../guard/jwt-auth.guard.js';
import { isPublic, routeAccess } from './route-access.js';
import type { OnModuleInit, Type } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';
import type { Handler, Method } from './application-handlers.js';

/** Where is said whether `AuthModule` puts its guard before every route. */
export const GUARD_IS_GLOBAL = Symbol('AuthModule guard is global');

/** Of `@MessagePattern` and `@EventPattern`: their package need not be there. */
const MESSAGE_PATTERN = 'microservices:pattern';

/** Of `@ResolveField`, and of what `GraphQLModule` is told: their package need not be there either. */
const FIELD_RESOLVER = 'graphql:resolve_property';
const GRAPHQL_OPTIONS = 'GqlModuleOptions';

/** What Nest reads of the class, and what only the documentation reads. */
const CLASS_METADATA = new RegExp(
  `^(?:${PATH_METADATA}|${METHOD_METADATA}|${VERSION_METADATA}|swagger/.*|microservices:.*)$`,
);

/** Looks, before the application listens, for handlers that seem guarded and are not: it does not start with one. */
@Injectable()
export class UnguardedHandlersCheck implements OnModuleInit {
  constructor(
    @Inject(GUARD_IS_GLOBAL) private readonly isGlobal: boolean,
    private readonly modules: ModulesContainer,
    private readonly module: ModuleRef,
    private readonly http: HttpAdapterHost,
  ) {
    // The router reads the methods before `onModuleInit`, in which tracing may replace them.
    noteHandlers(this.handlers());
  }

  /** @throws Error that names the handlers and says what to write */
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
    if (this.isGlobal && this.isHybrid()) this.assertMessagesAreGuarded();
    if (this.isGraphqlUnguardedBelow()) this.assertFieldsAreOpen();
  }

  /** A route is what the class says; what Nest runs, and reads the guards and the status of, is what the object has. */
  private assertMethodsAreRun(): void {
    const lost = this.handlers().filter(({ name, method, owner, instances }) => {
      const isRun =
        [METHOD_METADATA, MESSAGE_PATTERN].some((key) => Reflect.hasMetadata(key, method)) || hasGuard(method);
      return isRun && instances.some((one) => dropsMetadata(method, one[name]) || isUnknown(one[name], owner));
    });
    if (lost.length === 0) return;
    throw new Error(
      `AuthModule: instead of ${namesOf(lost)} Nest runs a function that was put into the object, by a property or by the constructor, ` +
        'and it has none of the decorators of the method: no scopes, no guards, no status. Write it as a method, also where it ' +
        'overrides one, and leave it unbound.',
    );
  }

  /** Nest hands guards the `constructor` of the object, which a mixin may have overwritten. */
  private assertClassesAreSeen(): void {
    for (const { name, method, owner } of this.handlers()) {
      const seen = (owner.prototype as { constructor: unknown }).constructor as Type;
      if (seen === owner || isSameAccess(method, owner, seen)) continue;
      throw new Error(
        `AuthModule: ${owner.name}.prototype.constructor is ${seen?.name}, so that guards would read the rules of that ` +
          `class for ${owner.name}.${name}. Do not copy "constructor" when you mix classes.`,
      );
    }
  }

  private assertScopesAreRead(): void {
    const open = this.handlers().filter((one) => hasAccessRules(one) && !isGuardedItself(one));
    if (open.length === 0) return;
    throw new Error(
      `AuthModule: ${decoratorOf(open)} stands before ${namesOf(open)}, and with "global: false" no guard that reads it does. Put ` +
        '@UseGuards(JwtAuthGuard), or your subclass of it, before the method or its class.',
    );
  }

  /** Nest reads guards of the function and of the class that run, and of nothing that they replace. */
  private assertGuardsAreRun(): void {
    const open = this.handlers().filter((one) => isMeantToBeGuarded(one) && !isGuardedItself(one));
    if (open.length === 0) return;
    throw new Error(
      `AuthModule: @UseGuards(JwtAuthGuard) is lost for ${namesOf(open)}, which overrides a method or wraps a class that ` +
        'has it. With "global: false" Nest runs no guard there. Repeat @UseGuards(JwtAuthGuard), or your subclass of ' +
        'it, before the overriding method, or above the decorator that replaces the class.',
    );
  }

  /** Nest tells nobody whether a microservice inherits the guards of the application that it is connected to. */
  private assertMessagesAreGuarded(): void {
    const open = this.handlers().filter((one) => {
      const isReceiver = Reflect.hasMetadata(MESSAGE_PATTERN, one.method);
      return isReceiver && !isPublic(one.method, one.owner) && !isGuardedItself(one);
    });
    if (open.length === 0) return;
    throw new Error(
      `AuthModule: the global guard may not stand before ${namesOf(open)}: a microservice that is connected to an HTTP ` +
        'application has its guards only by "inheritAppConfig". Put your subclass of JwtAuthGuard, which knows where a message has ' +
        'its token, before the method or its class: @UseGuards(JwtAuthGuard) itself keeps it shut. Or put @Public() before it, ' +
        'where everybody may send or a guard of another kind decides.',
    );
  }

  /**
   * A field is reached by every operation that answers with its object, and Nest asks no guard before it unless told.
   */
  private assertFieldsAreOpen(): void {
    const open = this.handlers().filter((one) => {
      const isField = Reflect.getMetadata(FIELD_RESOLVER, one.method) === true;
      return isField && !isPublic(one.method, one.owner) && (hasAccessRules(one) || isGuardedItself(one));
    });
    if (open.length === 0) return;
    throw new Error(
      `AuthModule: ${namesOf(open)} seems guarded and is not, for Nest asks no guard before a field of GraphQL. Write ` +
        `"fieldResolverEnhancers: ['guards', 'filters']" into the options of GraphQLModule; or leave the field open to all whom its ` +
        'object is shown: put guard and scopes before the operations alone, and @Public() before the field where they stand before ' +
        'the class.',
    );
  }

  private isGraphqlUnguardedBelow(): boolean {
    return [...this.modules.values()].some(({ providers }) => {
      const options = providers.get(GRAPHQL_OPTIONS)?.instance as { fieldResolverEnhancers?: string[] } | undefined;
      return options !== undefined && options.fieldResolverEnhancers?.includes('guards') !== true;
    });
  }

  private isHybrid(): boolean {
    let isConnected = false;
    // Replays what was connected so far, before it returns.
    this.modules
      .getRpcTargetRegistry()
      .subscribe(() => (isConnected = true))
      .unsubscribe();
    return isConnected && this.http.httpAdapter?.getHttpServer() !== undefined;
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

/** Whether a guard that reads it would ask for more than a good token. */
function hasAccessRules({ method, owner }: Handler): boolean {
  const { scopes, isOwnIssuerOnly } = routeAccess(method, owner);
  return scopes.length > 0 || isOwnIssuerOnly;
}

function isMeantToBeGuarded({ method, owner }: Handler): boolean {
  const { isGuardedMethod } = routeAccess(method, owner);
  return isGuardedMethod || lineageOf(owner.prototype as object).some(({ constructor }) => hasGuard(constructor));
}

function decoratorOf(handlers: readonly Handler[]): string {
  const hasScopes = handlers.some(({ method, owner }) => routeAccess(method, owner).scopes.length > 0);
  return hasScopes ? '@RequireScopes' : '@OwnIssuerOnly';
}

/** Whether the rules of the function cannot be found: a proxy of the object may give another function at each read. */
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
