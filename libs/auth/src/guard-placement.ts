import { Inject, Injectable } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import { HttpAdapterHost, MetadataScanner, ModuleRef, ModulesContainer } from '@nestjs/core';
import { hasGuard } from './is-guarded.js';
import { JwtAuthGuard } from './jwt-auth.guard.js';
import { isPublic, scopesOf } from './route-access.js';
import type { OnModuleInit, Type } from '@nestjs/common';
import type { ApplicationConfig } from '@nestjs/core';

/** Where is said whether `AuthModule` puts its guard before every route. */
export const GUARD_IS_GLOBAL = Symbol('AuthModule guard is global');

/** Of `@MessagePattern` and `@EventPattern`: their package need not be there. */
const MESSAGE_PATTERN = 'microservices:pattern';

/** A method that some decorator has marked, and its class. */
interface Handler {
  readonly name: string;
  readonly method: (...args: unknown[]) => unknown;
  readonly owner: Type;
}

/** Looks, before the application listens, for handlers that seem guarded and are not: it does not start with one. */
@Injectable()
export class GuardPlacement implements OnModuleInit {
  private readonly scanner = new MetadataScanner();

  constructor(
    @Inject(GUARD_IS_GLOBAL) private readonly isGlobal: boolean,
    private readonly modules: ModulesContainer,
    private readonly module: ModuleRef,
    private readonly http: HttpAdapterHost,
  ) {}

  /** @throws Error that names the handlers and says what to write */
  onModuleInit(): void {
    const { applicationConfig } = this.module['container'];
    // A context without a server has no requests.
    if (applicationConfig === undefined) return;
    if (!this.isGlobal && !isGuardedGlobally(applicationConfig)) this.assertScopesAreRead();
    if (this.isGlobal && this.isHybrid()) this.assertMessagesAreGuarded();
  }

  private assertScopesAreRead(): void {
    const open = this.handlers().filter(({ method, owner }) => {
      return scopesOf(method, owner).length > 0 && !hasGuard(method) && !hasGuard(owner);
    });
    if (open.length === 0) return;
    throw new Error(
      `AuthModule: @RequireScopes stands before ${namesOf(open)}, and with "global: false" no guard that reads it does. Put ` +
        '@UseGuards(JwtAuthGuard), or your subclass of it, before the method or its class.',
    );
  }

  /** Nest tells nobody whether a microservice inherits the guards of the application that it is connected to. */
  private assertMessagesAreGuarded(): void {
    const open = this.handlers().filter(({ method, owner }) => {
      const isReceiver = Reflect.hasMetadata(MESSAGE_PATTERN, method);
      return isReceiver && !isPublic(method, owner) && !hasAnyGuard(method) && !hasAnyGuard(owner);
    });
    if (open.length === 0) return;
    throw new Error(
      `AuthModule: the global guard may not stand before ${namesOf(open)}: a microservice that is connected to an HTTP ` +
        'application has its guards only by "inheritAppConfig". Put @UseGuards(JwtAuthGuard), or your subclass of it, before the ' +
        'method or its class, or @Public() where everybody may send.',
    );
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
    const wrappers = [...this.modules.values()].flatMap(({ controllers, providers }) => [
      ...controllers.values(),
      ...providers.values(),
    ]);
    const classes = wrappers.filter(({ inject, isAlias }) => !inject && !isAlias).map(({ metatype }) => metatype);
    return [...new Set(classes)].flatMap((owner) => {
      if (typeof owner !== 'function' || typeof owner.prototype !== 'object') return [];
      const methods = owner.prototype as Record<string, Handler['method']>;
      return this.scanner
        .getAllMethodNames(methods)
        .map((name) => ({ name, method: methods[name]!, owner: owner as Type }))
        .filter(({ method }) => Reflect.getMetadataKeys(method).length > 0);
    });
  }
}

function isGuardedGlobally(application: ApplicationConfig): boolean {
  const ofRequests = application.getGlobalRequestGuards().map(({ metatype }) => metatype?.prototype as unknown);
  return [...application.getGlobalGuards(), ...ofRequests].some((guard) => guard instanceof JwtAuthGuard);
}

function hasAnyGuard(target: object): boolean {
  return ((Reflect.getMetadata(GUARDS_METADATA, target) as unknown[] | undefined) ?? []).length > 0;
}

function namesOf(handlers: readonly Handler[]): string {
  return [...new Set(handlers.map(({ owner, name }) => `${owner.name}.${name}`))].join(', ');
}
