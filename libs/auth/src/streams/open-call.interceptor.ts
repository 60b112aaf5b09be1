import { Injectable } from '@nestjs/common';
import { Observable } from 'rxjs';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { routeAccess } from '../access/route-access.js';
import { InvalidTokenError } from '../auth.errors.js';
import { requestOf } from '../guard/message-request.js';
import { OpenStreams } from './open-streams.js';

/** Ends the stream that a handler of messages returns, when the token of its call expires or is revoked. */
@Injectable()
export class OpenCallInterceptor implements NestInterceptor {
  constructor(private readonly streams: OpenStreams) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { principal } = requestOf(context);
    const source = next.handle();
    if (principal === undefined || routeAccess(context.getHandler(), context.getClass()).isPublic) return source;
    return new Observable((client) => {
      let untrack: (() => void) | undefined;
      const subscription = source.subscribe({
        // An answer that has not begun may be a long calculation, and completes.
        next: (value) => {
          untrack ??= this.streams.track(principal, () => client.error(new InvalidTokenError()));
          client.next(value);
        },
        error: (error: unknown) => client.error(error),
        complete: () => client.complete(),
      });
      return () => {
        untrack?.();
        subscription.unsubscribe();
      };
    });
  }
}
