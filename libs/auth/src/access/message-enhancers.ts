import { Catch, Inject, Injectable } from '@nestjs/common';
import type { CallHandler, CanActivate, ExceptionFilter, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { EXCEPTION_FILTERS_METADATA, GUARDS_METADATA, INTERCEPTORS_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { RejectionFilter } from '../carriers/rejection.filter.js';
import { MissedMessageGuard } from '../guard/missed-message.guard.js';
import { isGateway } from '../sockets/gateway-connections.js';
import { OpenCallInterceptor } from '../streams/open-call.interceptor.js';
import { handlersOf } from './application-handlers.js';
import { GUARD_IS_GLOBAL, MESSAGE_PATTERN } from './guard-metadata.js';
import type { Handler } from './application-handlers.js';

type Metadata = typeof EXCEPTION_FILTERS_METADATA | typeof GUARDS_METADATA | typeof INTERCEPTORS_METADATA;

/**
 * The names of the enhancers in the metadata of classes, which all applications of a process share. An application with
 * `AuthModule` puts its own instances behind them. In any other one Nest makes these, which do nothing.
 */
class MessageGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

class NeverThrown {}

@Catch(NeverThrown)
class MessageFilter implements ExceptionFilter {
  catch(thrown: unknown): never {
    throw thrown;
  }
}

class MessageInterceptor implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

/**
 * Adds the guard, the filter of rejections, and the interceptor that ends streams to the handlers of messages: Nest
 * applies no global ones to a gateway, or to a microservice that is connected without `inheritAppConfig`.
 */
@Injectable()
export class MessageEnhancers {
  constructor(
    @Inject(GUARD_IS_GLOBAL) isGlobal: boolean,
    modules: ModulesContainer,
    guard: MissedMessageGuard,
    filter: RejectionFilter,
    interceptor: OpenCallInterceptor,
  ) {
    // Nest reads the metadata when the application connects the microservice, or starts its gateways.
    for (const handler of handlersOf(modules)) {
      if (Reflect.hasMetadata(MESSAGE_PATTERN, handler.method)) this.addToHandler(handler, isGlobal);
      else if (isGateway(handler.owner)) putFirst(EXCEPTION_FILTERS_METADATA, MessageFilter, handler.owner);
    }
    for (const module of modules.values()) {
      module.addInjectable({ provide: MessageFilter, useValue: filter }, 'filter');
      module.addInjectable({ provide: MessageInterceptor, useValue: interceptor }, 'interceptor');
      if (isGlobal) module.addInjectable({ provide: MessageGuard, useValue: guard }, 'guard');
    }
  }

  private addToHandler({ method, owner }: Handler, isGlobal: boolean): void {
    // First of all guards of the class, which may read the principal.
    if (isGlobal) putFirst(GUARDS_METADATA, MessageGuard, owner);
    putFirst(INTERCEPTORS_METADATA, MessageInterceptor, method);
    // On the method, so that the routes of the class keep their filters. Those of the team go before.
    putFirst(EXCEPTION_FILTERS_METADATA, MessageFilter, method, valuesOf(EXCEPTION_FILTERS_METADATA, owner));
  }
}

function putFirst(key: Metadata, value: object, target: object, before: readonly object[] = []): void {
  const existing = valuesOf(key, target);
  if (!existing.includes(value)) Reflect.defineMetadata(key, [value, ...before, ...existing], target);
}

function valuesOf(key: Metadata, target: object): readonly object[] {
  return (Reflect.getMetadata(key, target) as readonly object[] | undefined) ?? [];
}
