import { ModulesContainer } from '@nestjs/core';
import { assertSamePackage } from 'postern/problem';
import type { Provider } from '@nestjs/common';

/**
 * Fails the start if a guard or a module comes from another copy of the package. Two `AuthModule` classes would have
 * two revocation sets, and the guard of one copy would accept tokens that the other copy has revoked. The check injects
 * nothing asynchronous, so it runs before Nest reports a missing dependency of a guard in `@UseGuards`.
 */
export const oneCopyCheck: Provider = {
  provide: Symbol('AuthModule one copy'),
  inject: [ModulesContainer],
  useFactory: (modules: ModulesContainer): void => {
    for (const { metatype, providers, injectables } of modules.values()) {
      const classes = [...providers.values(), ...injectables.values()].map((wrapper) => wrapper.metatype);
      for (const type of [metatype, ...classes]) assertSamePackage('AuthModule', type);
    }
  },
};
