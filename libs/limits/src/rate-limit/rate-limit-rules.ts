import type { ExecutionContext } from '@nestjs/common';
import type { Limit } from '../limit.js';

/** What a limit counts: clients by their network, users, or the text that a function returns. */
export type RateLimitSubject = 'network' | 'user' | ((context: ExecutionContext) => string | undefined);

/** A limit of a route. */
export interface RateLimitOptions extends Limit {
  /**
   * What the limit counts (default: `network`). Requests without a user, or for which the function returns undefined,
   * count by their network.
   */
  readonly by?: RateLimitSubject;
  /** The name in the headers, in kebab case (default: class and method). Routes with the same name share the limit. */
  readonly name?: string;
}

const RULES = Symbol.for('postern:rate-limits');

/** A limit of a route, with its name. */
export type RateLimitRule = RateLimitOptions & { readonly name: string };

/** Stores the limit at the class or the method. */
export function addRule(options: RateLimitOptions): MethodDecorator & ClassDecorator {
  return (target: object, key?: string | symbol, descriptor?: PropertyDescriptor) => {
    const holder = descriptor ? (descriptor.value as object) : target;
    const type = typeof target === 'function' ? target : target.constructor;
    const name = options.name ?? kebabOf(key === undefined ? type.name : `${type.name} ${String(key)}`);
    const existing = (Reflect.getOwnMetadata(RULES, holder) as RateLimitRule[] | undefined) ?? [];
    Reflect.defineMetadata(RULES, [...existing, { ...options, name }], holder);
  };
}

/** The limits of the class and of the method. */
export function rulesOf(type: object, handler: object): RateLimitRule[] {
  return [type, handler].flatMap((holder) => (Reflect.getMetadata(RULES, holder) as RateLimitRule[] | undefined) ?? []);
}

function kebabOf(name: string): string {
  return name
    .replace(/Controller\b/, '')
    .replaceAll(/([a-z\d])([A-Z])/g, '$1-$2')
    .replaceAll(/[^A-Za-z\d]+/g, '-')
    .toLowerCase();
}
