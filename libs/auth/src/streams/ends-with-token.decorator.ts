import 'reflect-metadata';
import type { ExecutionContext } from '@nestjs/common';

const ENDS_WITH_TOKEN = 'postern:ends-with-token';

type Controller = ReturnType<ExecutionContext['getClass']>;
type Handler = ReturnType<ExecutionContext['getHandler']>;

/**
 * Sets whether a response that is still being written ends when its token expires or is revoked. With `true`, it ends
 * at both. With `false`, it ends at neither, such as a download that may complete. Without the decorator, a response
 * ends at a revocation, and at expiry unless it has a `Content-Length` or is an attachment.
 *
 * @example
 * ```ts
 * \@EndsWithToken(false)
 * \@Get('archive')
 * archive(): StreamableFile {}
 * ```
 */
export const EndsWithToken =
  (ends = true): MethodDecorator & ClassDecorator =>
  (target: object, property?: string | symbol): void => {
    // Keyed by class and name, because another decorator may replace the method's function.
    if (property === undefined) Reflect.defineMetadata(ENDS_WITH_TOKEN, ends, target);
    else Reflect.defineMetadata(ENDS_WITH_TOKEN, ends, target, property);
  };

/** The value of `@EndsWithToken` for the route; `undefined` if neither the method nor its class has the decorator. */
export function endsWithToken(handler: Handler, controller: Controller): boolean | undefined {
  const ofMethod: unknown = Reflect.getMetadata(
    ENDS_WITH_TOKEN,
    controller.prototype as object,
    nameOf(handler, controller),
  );
  return (ofMethod ?? Reflect.getMetadata(ENDS_WITH_TOKEN, controller)) as boolean | undefined;
}

function nameOf(handler: Handler, controller: Controller): string | symbol {
  for (let owner = controller.prototype as object | null; owner !== null; owner = Object.getPrototypeOf(owner)) {
    for (const name of Reflect.ownKeys(owner)) {
      if (Object.getOwnPropertyDescriptor(owner, name)?.value === handler) return name;
    }
  }
  return handler.name;
}
