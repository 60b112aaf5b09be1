import type { Type } from '@nestjs/common';
import type { AuthError } from './auth-error.js';

const PROBLEMS = Symbol.for('postern:problems');

type Problem = Type<AuthError> | AuthError;

const declaredOn = (target: object): Problem[] => Reflect.getMetadata(PROBLEMS, target) ?? [];

/**
 * Declares the errors of a route, or of all routes of a controller, for the OpenAPI document. Pass a class, or an
 * instance to show its values as the example. It has no effect at run time.
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
    Reflect.defineMetadata(PROBLEMS, [...new Set([...declaredOn(holder), ...errors])], holder);
  };
}

/** The errors that `@ApiProblems` declares for a controller and its handler, without duplicates. */
export function problemsOf(target: object, handler?: object): (Type<AuthError> | AuthError)[] {
  return [...new Set([...declaredOn(target), ...(handler ? declaredOn(handler) : [])])];
}
