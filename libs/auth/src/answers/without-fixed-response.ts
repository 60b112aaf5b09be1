import { Logger } from '@nestjs/common';
import { catchError, concat, defer, EMPTY, from, ignoreElements, map, mergeAll, of, tap, throwError } from 'rxjs';
import { hasFixedResponse } from './fixed-response.decorator.js';
import { forbidStorage, headOf, restoreHead } from './response-head.js';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { FrameworkResponse } from './response-head.js';

const logger = new Logger('AuthModule');
const reported = new WeakSet<object>();

/** The result of the handler: a value or an error. */
type Outcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * Runs a global interceptor so that it cannot see or change the response of a route with `@FixedResponse()`. Other
 * routes are not affected.
 */
export function withoutFixedResponse(interceptor: NestInterceptor): NestInterceptor {
  return Object.create(interceptor, {
    intercept: {
      value: (context: ExecutionContext, next: CallHandler): ReturnType<NestInterceptor['intercept']> =>
        context.getType() === 'http' && hasFixedResponse(context)
          ? interceptHidden(interceptor, context, next)
          : interceptor.intercept(context, next),
    },
  }) as NestInterceptor;
}

/**
 * The interceptor gets `undefined`, as from a handler without a result, and its own result is dropped. An error that it
 * throws before the handler has run rejects the request, and so does a failure after it, such as that of a commit.
 */
function interceptHidden(
  interceptor: NestInterceptor,
  context: ExecutionContext,
  next: CallHandler,
): Observable<unknown> {
  const response = context.getArgByIndex<FrameworkResponse>(1);
  let head = headOf(response);
  let outcome: Outcome | undefined;
  const note = (reached: Outcome): void => {
    outcome = reached;
    head = headOf(response);
  };
  const handle = (): Observable<unknown> => {
    // Called at once, because Nest binds the current async context here.
    const handled = next.handle();
    return defer(() => {
      restoreHead(response, head);
      return handled.pipe(tap({ next: (value) => note({ value }), error: (error: unknown) => note({ error }) }));
    });
  };
  const intercepted = interceptor.intercept(context, { handle: () => handle().pipe(map(() => undefined)) });
  const settled = defer(() => {
    // An interceptor that did not call the handler has a response of its own, such as one from a cache.
    if (outcome === undefined) return handle();
    return 'error' in outcome ? throwError(() => (outcome as { error: unknown }).error) : of(outcome.value);
  });
  const restore = (): void => {
    restoreHead(response, head);
    forbidStorage(response);
  };
  return concat(
    from(Promise.resolve(intercepted)).pipe(
      mergeAll(),
      ignoreElements(),
      catchError((error: unknown) => {
        if (outcome === undefined) return throwError(() => error);
        if ('error' in outcome) return EMPTY;
        // The interceptor has read a member of the response that it does not see.
        if (!(error instanceof TypeError)) return throwError(() => error);
        report(interceptor, error);
        return EMPTY;
      }),
    ),
    settled,
  ).pipe(tap({ next: restore, error: restore }));
}

function report(interceptor: NestInterceptor, { message }: Error): void {
  if (reported.has(interceptor)) return;
  reported.add(interceptor);
  logger.warn(
    `The global interceptor ${interceptor.constructor.name} failed on a route with @FixedResponse(), whose response body ` +
      `it does not see, and the response was sent: ${message}. Handle an undefined value, as a handler without a result returns.`,
  );
}
