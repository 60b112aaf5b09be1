import { ModulesContainer } from '@nestjs/core';
import { assertSamePackage } from 'postern/problem';
import type { Provider } from '@nestjs/common';

/**
 * Refuses guards and modules of another copy of the package: two `AuthModule` would each have a set of revocations, and what is
 * revoked by the one would pass the guard of the other. It waits for nothing, so as to come before Nest misses what a guard of
 * `@UseGuards` injects.
 */
export const oneCopyCheck: Provider = {
  provide: Symbol('AuthModule is of one copy'),
  inject: [ModulesContainer],
  useFactory: (modules: ModulesContainer): void => {
    for (const { metatype, providers, injectables } of modules.values()) {
      const classes = [...providers.values(), ...injectables.values()].map((wrapper) => wrapper.metatype);
      for (const one of [metatype, ...classes]) assertSamePackage('AuthModule', one);
    }
  },
};
