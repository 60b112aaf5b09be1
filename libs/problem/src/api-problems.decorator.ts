import type { Type } from '@nestjs/common';
import type { AuthError } from './auth-error.js';

const REFUSALS = Symbol.for('postern:refusals');

type Refusal = Type<AuthError> | AuthError;

const declaredOn = (target: object): Refusal[] => Reflect.getMetadata(REFUSALS, target) ?? [];

/**
 * States which errors a route, or every route of a controller, can answer with. It changes nothing at run time:
 * the OpenAPI document reads it, and shows an instance as it is where a class alone would say too little.
 *
 * @example
 * ```ts
 * @Post('login')
 * @ApiProblems(LoginFailedError, ServiceUnavailableError)
 * login(@Body() body: LoginDto) {}
 * ```
 */
export function ApiProblems(...errors: (Type<AuthError> | AuthError)[]): MethodDecorator & ClassDecorator {
  return (target: object, _key?: string | symbol, descriptor?: PropertyDescriptor) => {
    const holder = descriptor ? (descriptor.value as object) : target;
    Reflect.defineMetadata(REFUSALS, [...new Set([...declaredOn(holder), ...errors])], holder);
  };
}

/** The errors that `@ApiProblems` states for a handler, its controller's first, each once. */
export function problemsOf(target: object, handler?: object): (Type<AuthError> | AuthError)[] {
  return [...new Set([...declaredOn(target), ...(handler ? declaredOn(handler) : [])])];
}
