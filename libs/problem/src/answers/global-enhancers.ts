import type { ApplicationConfig } from '@nestjs/core';

/** Nest's record of an enhancer that it creates for each request. */
type Scoped = ReturnType<ApplicationConfig['getGlobalRequestFilters' | 'getGlobalRequestInterceptors']>[number];

/** The enhancer of one request. */
interface Host<E> {
  readonly instance: E;
  readonly isConstructorCalled?: boolean;
}

const replaced = new WeakSet<object>();

/**
 * Replaces each global filter or interceptor of an application by an object that inherits from it. Call it before Nest
 * registers the routes. A second call changes nothing.
 *
 * @param enhancers the list of the application, which is changed
 * @param scoped the list of those that Nest creates for each request, which is changed
 * @param replace creates the object; its prototype must be the original, which Nest reads for metadata
 */
export function replaceGlobalEnhancers<E extends object>(
  enhancers: E[],
  scoped: Scoped[],
  replace: (original: E) => E,
): void {
  enhancers.splice(0, enhancers.length, ...enhancers.map((enhancer) => once(enhancer, replace)));
  scoped.splice(
    0,
    scoped.length,
    ...scoped.map((wrapper) => once(wrapper, (original) => ofRequests(original, replace))),
  );
}

function once<E extends object>(original: E, replace: (original: E) => E): E {
  // Nest ignores empty entries.
  if (typeof original !== 'object' || original === null || replaced.has(original)) return original;
  const replacement = replace(original);
  replaced.add(replacement);
  return replacement;
}

function ofRequests<E extends object>(wrapper: Scoped, replace: (original: E) => E): Scoped {
  const instanceOf = wrapper.getInstanceByContextId.bind(wrapper) as (...context: unknown[]) => Host<E> | undefined;
  return Object.create(wrapper, {
    getInstanceByContextId: {
      value: (...context: unknown[]): Host<E> | undefined => {
        const host = instanceOf(...context);
        // Without its constructor, the instance is only a placeholder.
        return host?.isConstructorCalled ? { ...host, instance: replace(host.instance) } : host;
      },
    },
  }) as Scoped;
}
