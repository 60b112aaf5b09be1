import { Injectable, Optional } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { addMessageInterceptor, principalOf } from 'postern/auth/outgoing-calls';
import { Observable } from 'rxjs';
import { CurrentToken } from './current-token.js';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';

/**
 * Makes the caller of each request and message known to the calls of its handler. The metadata of handlers name this
 * class, and all applications of a process share them: without `OutboundModule`, it does nothing.
 */
@Injectable()
export class CallerInterceptor implements NestInterceptor {
  constructor(@Optional() private readonly current?: CurrentToken) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { current } = this;
    if (current === undefined) return next.handle();
    const principal = principalOf(context);
    // A handler may return an observable that calls another service when Nest subscribes to it.
    return new Observable((subscriber) => current.run(principal, () => next.handle().subscribe(subscriber)));
  }
}

/** Adds the interceptor to the handlers of messages, to which Nest may apply no global one. */
@Injectable()
export class MessageCallers {
  constructor(current: CurrentToken, modules: ModulesContainer) {
    addMessageInterceptor(modules, CallerInterceptor, new CallerInterceptor(current));
  }
}
