import { Catch, Inject, Injectable, Optional } from '@nestjs/common';
import type {
  ArgumentsHost,
  CallHandler,
  CanActivate,
  ExceptionFilter,
  ExecutionContext,
  InjectionToken,
  NestInterceptor,
  OnModuleInit,
  Type,
} from '@nestjs/common';
import { AuthError } from 'postern/problem';
import type { Observable } from 'rxjs';
import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA, INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { RejectionFilter } from '../carriers/rejection.filter.js';
import { MissedMessageGuard } from '../guard/missed-message.guard.js';
import { isGateway } from '../sockets/gateway-connections.js';
import { OpenCallInterceptor } from '../streams/open-call.interceptor.js';
import { handlersOf } from './application-handlers.js';
import { MESSAGE_PATTERN } from './guard-metadata.js';
import type { Handler } from './application-handlers.js';

type EnhancerSubtype = 'guard' | 'filter' | 'interceptor';

type Metadata = typeof EXCEPTION_FILTERS_METADATA | typeof GUARDS_METADATA | typeof INTERCEPTORS_METADATA;

/**
 * The enhancers in the metadata of classes, which all applications of a process share. In each of them Nest injects the
 * providers of its `AuthModule`. Without one, the enhancers do nothing.
 */
@Injectable()
class MessageGuard implements CanActivate {
  constructor(@Optional() @Inject(MissedMessageGuard) readonly guard?: MissedMessageGuard) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    return this.guard === undefined || this.guard.canActivate(context);
  }
}

@Injectable()
@Catch(AuthError)
class MessageFilter implements ExceptionFilter {
  constructor(@Optional() @Inject(RejectionFilter) private readonly filter?: RejectionFilter) {}

  catch(thrown: AuthError, host: ArgumentsHost): unknown {
    if (this.filter === undefined) throw thrown;
    return this.filter.reject(thrown, host);
  }
}

@Injectable()
class MessageInterceptor implements NestInterceptor {
  constructor(@Optional() @Inject(OpenCallInterceptor) private readonly interceptor?: OpenCallInterceptor) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return this.interceptor?.intercept(context, next) ?? next.handle();
  }
}

/**
 * Adds the guard, the filter of rejections, and the interceptor that ends streams to the handlers of messages: Nest
 * applies no global ones to a gateway, or to a microservice that is connected without `inheritAppConfig`.
 */
@Injectable()
export class MessageEnhancers implements OnModuleInit {
  constructor(
    private readonly modules: ModulesContainer,
    guard: MissedMessageGuard,
    filter: RejectionFilter,
    interceptor: OpenCallInterceptor,
  ) {
    // Nest reads the metadata when the application connects the microservice, or starts its gateways.
    for (const handler of handlersOf(modules)) {
      if (Reflect.hasMetadata(MESSAGE_PATTERN, handler.method)) this.addToHandler(handler);
      else if (isGateway(handler.owner)) putFirst(EXCEPTION_FILTERS_METADATA, MessageFilter, handler.owner);
    }
    for (const module of modules.values()) {
      // The scan of the modules has found those that the classes had before. Nest makes them later.
      const add = (type: InjectionToken, kind: EnhancerSubtype, instance: object): void => {
        if (!module.injectables.has(type)) module.addInjectable({ provide: type, useValue: instance }, kind);
      };
      add(MessageGuard, 'guard', new MessageGuard(guard));
      add(MessageFilter, 'filter', new MessageFilter(filter));
      add(MessageInterceptor, 'interceptor', new MessageInterceptor(interceptor));
    }
  }

  /** @throws Error if a module would run the handlers of messages without the guard */
  onModuleInit(): void {
    for (const { injectables, name } of this.modules.values()) {
      const { instance } = injectables.get(MessageGuard) ?? {};
      if (instance instanceof MessageGuard && instance.guard !== undefined) continue;
      throw new Error(`AuthModule: the messages of ${name} have no guard. Import AuthModule in the root module.`);
    }
  }

  private addToHandler({ method, owner }: Handler): void {
    // First of all guards of the class, which may read the principal.
    putFirst(GUARDS_METADATA, MessageGuard, owner);
    putFirst(INTERCEPTORS_METADATA, MessageInterceptor, method);
    // On the method, so that the routes of the class keep their filters. Those of the team go before.
    putFirst(EXCEPTION_FILTERS_METADATA, MessageFilter, method, valuesOf(EXCEPTION_FILTERS_METADATA, owner));
  }
}

/**
 * Adds an interceptor to every handler of messages. Nest applies no global one to a microservice that is connected
 * without `inheritAppConfig`.
 *
 * @param type its class. In another application of the process Nest may make it with that application's providers, or
 *   with none.
 */
export function addMessageInterceptor<I extends NestInterceptor>(
  modules: ModulesContainer,
  type: Type<I>,
  interceptor: I,
): void {
  for (const { method } of handlersOf(modules)) {
    if (Reflect.hasMetadata(MESSAGE_PATTERN, method)) putFirst(INTERCEPTORS_METADATA, type, method);
  }
  for (const module of modules.values()) {
    if (!module.injectables.has(type)) module.addInjectable({ provide: type, useValue: interceptor }, 'interceptor');
  }
}

function putFirst(key: Metadata, value: object, target: object, before: readonly object[] = []): void {
  const existing = valuesOf(key, target);
  if (!existing.includes(value)) Reflect.defineMetadata(key, [value, ...before, ...existing], target);
}

function valuesOf(key: Metadata, target: object): readonly object[] {
  return (Reflect.getMetadata(key, target) as readonly object[] | undefined) ?? [];
}
